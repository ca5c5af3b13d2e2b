using System.Security.Claims;
using Eit.Server;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Tables.Server;

/// <summary>The server: the page, a login, and the tables.</summary>
internal static class TablesServer
{
    private const int NameCharsMax = 16;

    internal static WebApplication Build(string[] args)
    {
        WebApplicationBuilder builder = WebApplication.CreateBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory, WebRootPath = "tables" });
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();   // A restart makes all tokens void; clients log in again by themselves.
        builder.Services.AddAuthentication(BearerTokenDefaults.AuthenticationScheme).AddBearerToken();
        builder.Services.Configure<TableOptions>(builder.Configuration.GetSection("Tables"));
        builder.Services.AddSingleton<GameStore>();
        builder.Services.AddEit(options =>
        {
            // Without a certificate the tables work on a developer's machine only.
            if (builder.Environment.IsDevelopment()) { options.ExemptForDevelopment(unencrypted: true, anonymous: false); }
        });

        WebApplication app = builder.Build();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.UseAuthentication();
        app.MapPost("/login/{name}", LogIn);
        app.MapEitChannels<Table>("/tables/{number}").WithPlainClients();
        return app;
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
