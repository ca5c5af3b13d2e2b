using System.Collections.Concurrent;
using System.Globalization;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;
using Eit.Server;

namespace Eit.EndToEnd.Tests;

/// <summary>Numbered texts in both directions between a client and a server's session; remembers what arrived.</summary>
internal sealed class Conversation : EitHandler
{
    private readonly TaskCompletionSource<EitSession> _connected = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ConcurrentQueue<string> AtServer { get; } = new();

    internal ConcurrentQueue<string> AtClient { get; } = new();

    internal ConcurrentQueue<string> Events { get; } = new();

    internal ConcurrentQueue<EitStateChange> States { get; } = new();

    internal TaskCompletionSource<EitSessionEnd> Closed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Task<EitSession> Connected => _connected.Task;

    internal static string Text(int number, int bytes) => number.ToString(CultureInfo.InvariantCulture).PadRight(bytes, 'x');

    public override ValueTask OnConnectedAsync(EitSession session)
    {
        Events.Enqueue("connected");
        _connected.TrySetResult(session);
        return default;
    }

    public override ValueTask OnMessageAsync(EitSession session, string message)
    {
        AtServer.Enqueue(message);
        return default;
    }

    public override ValueTask OnOutageAsync(EitSession session, Protocol.Wire.CloseCode code, string reason)
    {
        Events.Enqueue("outage");
        return default;
    }

    public override ValueTask OnResumedAsync(EitSession session, TimeSpan outage)
    {
        Events.Enqueue("resumed");
        return default;
    }

    public override ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
    {
        Events.Enqueue("closed");
        Closed.TrySetResult(end);
        return default;
    }

    internal void Watch(EitConnection client)
    {
        client.OnMessage(text => AtClient.Enqueue(text));
        client.StateChanged += (_, change) => States.Enqueue(change);
    }

    /// <summary>Sends numbered texts, each as soon as there is room; outages do not matter.</summary>
    internal static async Task SendAsync(Func<string, SendOptions, ValueTask<SendOutcome>> send, int count, int bytes, Func<int, Task>? pace = null)
    {
        var options = new SendOptions { CompleteWhen = CompleteWhen.Accepted };
        for (int number = 0; number < count; number++)
        {
            SendOutcome outcome = await send(Text(number, bytes), options);
            if (outcome != SendOutcome.Accepted) { throw new InvalidOperationException($"Message {number} was {outcome}."); }
            if (pace is not null) { await pace(number); }
        }
    }

    internal static IEnumerable<string> Expected(int count, int bytes) => Enumerable.Range(0, count).Select(number => Text(number, bytes));
}
