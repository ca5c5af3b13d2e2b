using System.Security.Claims;
using Eit.Rpc;
using Eit.Server;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Store.Shared;

namespace Store.Server;

/// <summary>The server: the page, a login, and the lists.</summary>
internal static class StoreServer
{
    private const int NameCharsMax = 16;

    internal static WebApplication Build(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory, WebRootPath = "store" });
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();   // A restart makes all tokens void; clients log in again by themselves.
        builder.Services.AddAuthentication(BearerTokenDefaults.AuthenticationScheme).AddBearerToken();
        builder.Services.AddSingleton<Lists>();
        builder.Services.AddEitRpc(new RpcSessionsOptions { Json = StoreJson.Default });
        builder.Services.AddEit(options =>
        {
            // Without a certificate the lists work on a developer's machine only.
            if (builder.Environment.IsDevelopment()) { options.ExemptForDevelopment(unencrypted: true, anonymous: false); }
        });

        WebApplication app = builder.Build();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseAuthentication();
        app.MapPost("/login/{name}", LogIn);
        app.MapEitRpc("/lists/{name:regex(^[a-z0-9]{{1,16}}$)}", CreateSession).WithPlainClients();
        return app;
    }

    private static RpcSession CreateSession(HttpContext context)
    {
        Lists lists = context.RequestServices.GetRequiredService<Lists>();
        string path = context.Request.Path;
        if (!lists.Has(path)) { throw new RpcException("There are too many lists."); }
        var session = new RpcSession();
        session.Api = RpcApi.Of<IListApi>(new ListApi(lists, path, session));
        return session;
    }

    /// <summary>Gives a token to whoever asks for one: put your own login here.</summary>
    private static IResult LogIn(string name)
    {
        bool isName = name.Length <= NameCharsMax && name.All(char.IsAsciiLetterOrDigit);
        if (!isName) { return Results.BadRequest($"A name has up to {NameCharsMax} letters and digits."); }
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], BearerTokenDefaults.AuthenticationScheme);
        return Results.SignIn(new ClaimsPrincipal(identity), authenticationScheme: BearerTokenDefaults.AuthenticationScheme);
    }
}
