using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace Eit.Server;

/// <summary>Takes plain clients' tokens out of the subprotocols that they offer, before the application authenticates the request.</summary>
internal sealed class PlainTokenFilter : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(static (context, rest) =>
        {
            PlainCredential.TakeFromSubprotocols(context.Request);
            return rest(context);
        });
        next(app);
    };
}
