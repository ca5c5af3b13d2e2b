using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Eit.Server;

/// <summary>Stands around the application's pipeline for clients that can't set headers or see answers: their tokens become credentials before it, and its refusals closes after it.</summary>
internal sealed class HeadlessFilter(RefusalByClose refusals) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            OfferedCredential.TakeFromSubprotocols(context.Request);
            return context.Features.Get<HeadlessClient>() is { SeesNoAnswers: true } client ? refusals.WatchAsync(context, client, rest) : rest(context);
        });
        next(app);
    };
}
