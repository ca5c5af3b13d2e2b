using System.Collections.Concurrent;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

/// <summary>A handler that tells what it is called for: one for all sessions of a server.</summary>
internal sealed class Recorder : EitHandler
{
    /// <summary>connected, outage and its code, resumed, slow consumer, closed and its code; messages as they are.</summary>
    internal Happenings<string> Calls { get; } = new();

    /// <summary>The sessions, as they connect.</summary>
    internal Happenings<EitSession> Sessions { get; } = new();

    internal Happenings<EitSessionEnd> Ends { get; } = new();

    internal ConcurrentQueue<byte[]> Bytes { get; } = new();

    /// <summary>What the beginning of a session leads to.</summary>
    internal Func<EitSession, ValueTask> Begin { get; set; } = static _ => default;

    /// <summary>What a message leads to.</summary>
    internal Func<EitSession, string, ValueTask> Answer { get; set; } = static (_, _) => default;

    /// <summary>Starts a server whose sessions this handles, at /eit.</summary>
    internal Task<TestHost> HostAsync(Action<EitServerOptions>? configure = null, bool tls = true, Action<WebApplicationBuilder>? build = null, Action<WebApplication>? use = null, TimeProvider? clock = null) =>
        TestHost.StartAsync(
            app =>
            {
                use?.Invoke(app);
                app.MapEit<Recorder>("/eit");
            },
            configure,
            build: builder =>
            {
                builder.Services.AddSingleton(this).AddSingleton(clock ?? TimeProvider.System);
                build?.Invoke(builder);
            },
            tls: tls);

    public override ValueTask OnConnectedAsync(EitSession session)
    {
        Add(Sessions, session, "connected");
        return Begin(session);
    }

    public override ValueTask OnMessageAsync(EitSession session, string message)
    {
        Calls.Add(message);
        return Answer(session, message);
    }

    public override ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message)
    {
        Bytes.Enqueue(message.ToArray());
        Calls.Add($"{message.Length} bytes");
        return default;
    }

    public override ValueTask OnOutageAsync(EitSession session, CloseCode code, string reason)
    {
        Calls.Add($"outage {code}");
        return default;
    }

    public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage)
    {
        Calls.Add("resumed");
        return default;
    }

    public override ValueTask OnSlowConsumerAsync(EitSession session, EitSlowConsumer backlog)
    {
        Calls.Add("slow consumer");
        return default;
    }

    public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        Add(Ends, end, $"closed {end.Code}");
        return default;
    }

    /// <summary>Whoever waits for one of the two finds the other.</summary>
    private void Add<T>(Happenings<T> happenings, T what, string call)
    {
        happenings.Keep(what);
        Calls.Keep(call);
        happenings.Tell(what);
        Calls.Tell(call);
    }
}
