using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Eit.Server;

/// <summary>Hears of each request with a hello that is answered 403, whoever refuses it: the application's authorization, its own middleware, the guard.</summary>
internal sealed class RefusedResumeFilter(ResumeGuard resumes) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            if (context.Request.Headers.ContainsKey(WireLimits.HelloHeader)) { context.Response.OnStarting(Answers, context); }
            return rest(context);
        });
        next(app);
    };

    private Task Answers(object state)
    {
        var context = (HttpContext)state;
        if (context.Response.StatusCode == StatusCodes.Status403Forbidden) { resumes.Refused(context); }
        return Task.CompletedTask;
    }
}
