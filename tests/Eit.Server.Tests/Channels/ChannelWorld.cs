using System.Security.Claims;
using Eit.Backoff;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server.Channels;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Server.Tests.Channels;

/// <summary>The channels of a server without sockets: its members are called as their sessions would.</summary>
internal sealed class ChannelWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private int _sessions;

    internal ChannelWorld(TimeProvider? time = null, Action<EitServerOptions>? configure = null, Action<IServiceCollection>? build = null)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(time ?? TimeProvider.System);
        services.AddEit(configure);
        build?.Invoke(services);
        _services = services.BuildServiceProvider();
    }

    internal EitChannels Channels => _services.GetRequiredService<EitChannels>();

    internal TimeoutManager Timeouts => _services.GetRequiredService<TimeoutManager>();

    private EitSessions Sessions => _services.GetRequiredService<EitSessions>();

    /// <summary>Makes somebody who may connect.</summary>
    internal FakeMember Member(EitChannelHandler handler, string path = "/tables/1", string user = "ada") =>
        Member(_ => new MadeChannelHandler(handler, IsOwned: false), path, user);

    internal FakeMember Member(Func<IServiceProvider, MadeChannelHandler> makeHandler, string path = "/tables/1", string user = "ada")
    {
        var number = (UInt128)Interlocked.Increment(ref _sessions);
        var hello = new Hello { Instance = new InstanceId(number), Epoch = 1, Want = HelloWant.New, Timeout = TimeSpan.FromSeconds(5), MessageBytesMax = 1_000_000, Credit = new Credit(1_000, 1_000_000) };
        var terms = new TransportTerms(TimeSpan.FromSeconds(5), TimeSpan.Zero, Expires: null);
        var machine = SessionMachine.Accept(new SessionId(number), new byte[ResumeProof.SecretBytes], hello, terms, refusal: null, new SessionSettings(), new SeededJitter(1), Sessions.Wheel.Now);
        var context = new DefaultHttpContext { User = new ClaimsPrincipal(new ClaimsIdentity([new Claim("sub", user)], "test")) };
        context.Request.Path = path;
        var session = new EitSession(Sessions, machine, hello.Instance, context, $"sub={user}", user, static _ => throw new InvalidOperationException(), NullLogger.Instance);
        return new FakeMember(session, new ChannelMember(Channels, makeHandler));
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
