using System.Text.Json;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

/// <summary>Who may resume what, where (R1.12, R1.13).</summary>
public sealed class ResumeGuardTests
{
    [Fact, Clause("R1.12")]
    public async Task A_session_can_be_resumed_only_where_it_was_opened()
    {
        await using TestHost host = await HostAsync();
        string token = host.Token("ada");
        (Hello resume, RawClient first) = await OpenAsync(host, token, "/rooms/a");
        await using RawClient opened = first;

        foreach ((string path, long epoch) in new[] { ("/rooms/b", 2L), ("/public", 3), ("/twin/rooms/a", 4) })
        {
            await using RawClient elsewhere = await RawClient.OpenAsync(host, Prove(resume, epoch) with { Instance = new InstanceId((ulong)epoch) }, token, path);
            JsonElement welcome = await elsewhere.UntilAsync("welcome");
            Assert.Equal((false, "unknown"), (welcome.GetProperty("resumed").GetBoolean(), welcome.GetProperty("why").GetString()));
        }
        await using RawClient otherInstance = await RawClient.OpenAsync(host, Prove(resume, 5) with { Instance = new InstanceId(99) }, token, "/rooms/a");
        Assert.False((await otherInstance.UntilAsync("welcome")).GetProperty("resumed").GetBoolean());
        await using RawClient back = await RawClient.OpenAsync(host, Prove(resume, 6), token, "/rooms/a");

        Assert.True((await back.UntilAsync("welcome")).GetProperty("resumed").GetBoolean());
    }

    [Fact, Clause("S2.6")]
    public async Task A_hello_with_an_epoch_that_is_not_above_the_sessions_is_refused()
    {
        await using TestHost host = await HostAsync();
        string token = host.Token("ada");
        await using RawClient newer = await RawClient.OpenAsync(host, RawClient.Hello(epoch: 5), token, "/public");
        await newer.UntilAsync("welcome");
        await newer.SendAsync(RawClient.Ack);

        await using RawClient late = await RawClient.OpenAsync(host, RawClient.Hello(epoch: 3), token, "/public");
        Assert.Equal(CloseCode.StaleEpoch, await late.UntilClosedAsync());
        await newer.SendAsync("""{"t":"ping","id":3}""");

        Assert.Equal(3, (await newer.UntilAsync("pong")).GetProperty("id").GetInt64());
        Assert.Equal(1, host.Sessions.Count);
    }

    [Fact, Clause("R1.13")]
    public async Task The_principal_of_a_session_is_that_of_the_last_credential()
    {
        var principals = new Happenings<string?>();
        await using TestHost host = await HostAsync(onMessage: (session, text) =>
        {
            principals.Add($"{text} {session.Principal.FindFirst("role")?.Value}");
            return default;
        }, roleOf: static token => token);
        (Hello resume, RawClient first) = await OpenAsync(host, host.Token("ada"), "/public", "admin");
        await using RawClient opened = first;
        await first.SendAsync("""{"t":"data","n":1,"text":"one"}""");
        Assert.Equal("one admin", await principals.NextAsync());

        await using RawClient resumed = await RawClient.OpenAsync(host, Prove(resume, 2) with { Received = 0 }, host.Token("ada"), "/public", configure: options => options.SetRequestHeader("X-Role", "guest"));
        Assert.True((await resumed.UntilAsync("welcome")).GetProperty("resumed").GetBoolean());
        await resumed.SendAsync("""{"t":"data","n":2,"text":"two"}""");

        Assert.Equal("two guest", await principals.NextAsync());
    }

    [Theory, Clause("R1.13")]
    [InlineData(HelloWant.Resume)]
    [InlineData(HelloWant.Cycle)]
    public async Task A_policy_that_refuses_the_new_credential_ends_the_session(HelloWant want)
    {
        await using TestHost host = await HostAsync(roleOf: static role => role);
        string token = host.Token("ada");
        (Hello resume, RawClient first) = await OpenAsync(host, token, "/admin", "admin");
        await using RawClient opened = first;
        EitSession session = Assert.Single(host.Sessions.List());

        await using RawClient unproven = await RawClient.OpenAsync(host, resume with { Epoch = 2, Want = want, Proof = new string('0', 64) }, token, "/admin", configure: static options => options.SetRequestHeader("X-Role", "guest"));
        Assert.Equal(403, unproven.Status);
        Assert.False(session.IsClosing);
        await using RawClient elsewhere = await RawClient.OpenAsync(host, Prove(resume, 2) with { Want = want }, token, "/admins", configure: static options => options.SetRequestHeader("X-Role", "guest"));
        Assert.Equal(403, elsewhere.Status);
        Assert.False(session.IsClosing);
        await using RawClient refused = await RawClient.OpenAsync(host, Prove(resume, 2) with { Want = want }, token, "/admin", configure: static options => options.SetRequestHeader("X-Role", "guest"));

        Assert.Equal(403, refused.Status);
        Assert.Equal(CloseCode.Forbidden, await first.UntilClosedAsync());
        await session.Ended.Soon();
        Assert.Equal(0, host.Sessions.Count);
    }

    [Fact, Clause("R1.13")]
    public async Task An_application_may_refuse_that_a_session_goes_on()
    {
        Func<ValueTask<bool>> answer = static () => ValueTask.FromResult(true);
        var asked = new Happenings<(string, string?)>();
        await using TestHost host = await HostAsync(configure: options =>
        {
            options.HelloLimit = TimeSpan.FromSeconds(1);
            options.MayResume = (session, context) =>
            {
                asked.Add((session.Path, context.Request.Headers["X-Role"]));
                return answer();
            };
        });
        string token = host.Token("ada");
        (Hello resume, RawClient first) = await OpenAsync(host, token, "/public");
        await using RawClient opened = first;
        EitSession session = Assert.Single(host.Sessions.List());

        await using RawClient allowed = await RawClient.OpenAsync(host, Prove(resume, 2), token, "/public", configure: static options => options.SetRequestHeader("X-Role", "second"));
        Assert.True((await allowed.UntilAsync("welcome")).GetProperty("resumed").GetBoolean());
        Assert.Equal(("/public", "second"), await asked.NextAsync());
        answer = static () => throw new InvalidOperationException("The database is gone.");
        await using RawClient failed = await RawClient.OpenAsync(host, Prove(resume, 3), token, "/public");
        Assert.Equal(CloseCode.Overloaded, await failed.UntilClosedAsync());
        var never = new TaskCompletionSource<bool>();
        answer = () => new ValueTask<bool>(never.Task);
        await using RawClient late = await RawClient.OpenAsync(host, Prove(resume, 4), token, "/public");
        Assert.Equal(CloseCode.Overloaded, await late.UntilClosedAsync());
        Assert.False(session.IsClosing);
        answer = static () => ValueTask.FromResult(false);
        await using RawClient refused = await RawClient.OpenAsync(host, Prove(resume, 5), token, "/public");

        Assert.Equal(CloseCode.Forbidden, await refused.UntilClosedAsync());
        await session.Ended.Soon();
        Assert.Equal(CloseCode.Forbidden, await allowed.UntilClosedAsync());
    }

    /// <summary>A server whose users have the role that the request says.</summary>
    private static Task<TestHost> HostAsync(Func<EitSession, string, ValueTask>? onMessage = null, Func<string, string>? roleOf = null, Action<EitServerOptions>? configure = null) => TestHost.StartAsync(
        app =>
        {
            onMessage ??= static (_, _) => default;
            app.MapEit("/rooms/{room}", onMessage);
            app.MapEit("/public", onMessage);
            app.MapEit("/admin", onMessage).RequireAuthorization("admin");
            app.MapEit("/admins", onMessage).RequireAuthorization("admin");
            app.MapGroup("/twin").MapEit("/rooms/{room}", onMessage);
        },
        options =>
        {
            TestHost.Calm(options);
            configure?.Invoke(options);
        },
        build: builder =>
        {
            builder.Services.AddAuthorization(static options => options.AddPolicy("admin", static policy => policy.RequireClaim("role", "admin")));
            if (roleOf is not null) { builder.Services.AddSingleton<Microsoft.AspNetCore.Authentication.IClaimsTransformation>(services => new Roles(services.GetRequiredService<IHttpContextAccessor>(), roleOf)).AddHttpContextAccessor(); }
        });

    private static async Task<(Hello Resume, RawClient Client)> OpenAsync(TestHost host, string token, string path, string role = "guest")
    {
        RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), token, path, configure: options => options.SetRequestHeader("X-Role", role));
        JsonElement welcome = await client.UntilAsync("welcome");
        await client.SendAsync(RawClient.Ack);
        await client.SendAsync("""{"t":"ping","id":1}""");
        await client.UntilAsync("pong");
        Assert.True(SessionId.TryParse(welcome.GetProperty("session").GetString(), out SessionId id));
        return (RawClient.Hello(want: HelloWant.Resume) with { Session = id, Proof = welcome.GetProperty("secret").GetString() }, client);
    }

    /// <summary>Makes a hello of one that has the secret in the place of the proof.</summary>
    private static Hello Prove(Hello resume, long epoch) => resume with
    {
        Epoch = epoch,
        Proof = ResumeProof.Make(System.Buffers.Text.Base64Url.DecodeFromChars(resume.Proof), resume.Session!.Value, epoch),
    };

    private sealed class Roles(IHttpContextAccessor accessor, Func<string, string> roleOf) : Microsoft.AspNetCore.Authentication.IClaimsTransformation
    {
        public Task<System.Security.Claims.ClaimsPrincipal> TransformAsync(System.Security.Claims.ClaimsPrincipal principal)
        {
            string role = roleOf(accessor.HttpContext!.Request.Headers["X-Role"].ToString());
            return Task.FromResult(new System.Security.Claims.ClaimsPrincipal(new System.Security.Claims.ClaimsIdentity([.. principal.Claims, new System.Security.Claims.Claim("role", role)], "Bearer")));
        }
    }
}
