using System.Security.Claims;
using Eit.Link;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>Logs what the application's own middleware (authorization, rate limits) answers at Eit's endpoints in their place: nobody else would say why a client does not get in.</summary>
internal sealed partial class MiddlewareRefusals(ILogger<MiddlewareRefusals> logger) : IStartupFilter
{
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use((context, rest) =>
        {
            Task answering = rest(context);
            if (!answering.IsCompleted) { return AwaitAsync(context, answering); }
            Look(context);
            return answering;
        });
        next(app);
    };

    private async Task AwaitAsync(HttpContext context, Task answering)
    {
        await answering.ConfigureAwait(false);
        Look(context);
    }

    private void Look(HttpContext context)
    {
        if (context.Response.StatusCode < StatusCodes.Status300MultipleChoices || context.Features.Get<Refusal>() is not null) { return; }
        if (context.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<EndpointKey>() is null) { return; }
        string wanted = string.Join(", ", endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(NameOf));
        string user = context.User.Identity is { IsAuthenticated: true } ? context.User.FindFirst(ClaimTypes.NameIdentifier)?.Value ?? context.User.Identity.Name ?? "a user without a name" : "nobody";
        user = PeerText.Harmless(user);
        bool mayWrite = DeadlineWheel.Shared.LimitedLog.MayWrite(logger, LogLevel.Warning, $"RefusedByMiddleware {context.Response.StatusCode}", $"{user} at {endpoint.DisplayName}");
        if (mayWrite) { LogRefused(logger, endpoint.DisplayName, user, context.Response.StatusCode, wanted.Length == 0 ? "nothing" : wanted); }
    }

    private static string NameOf(IAuthorizeData wanted)
    {
        string[] parts = [.. new[] { ("role", wanted.Roles), ("policy", wanted.Policy), ("scheme", wanted.AuthenticationSchemes) }.Where(static part => part.Item2 is { Length: > 0 }).Select(static part => $"{part.Item1} {part.Item2}")];
        return parts.Length == 0 ? "an authenticated user" : string.Join(" and ", parts);
    }
}
