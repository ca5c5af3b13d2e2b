using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Eit.Connection;

namespace Eit.Floods;

/// <summary>Ordinary clients: each sends a number ten times a second and waits for its echo.</summary>
internal sealed class Bystanders : IAsyncDisposable
{
    private readonly EitConnection[] _clients;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Task> _sending = [];
    private ConcurrentQueue<double> _roundTrips = new();
    private long _sent;
    private long _answered;
    private long _wrong;
    private long _ended;

    internal Bystanders(int port, int count) => _clients = [.. Enumerable.Range(0, count).Select(number => Make(port, number))];

    /// <summary>Gets how many answers came out of order, or twice.</summary>
    internal long Wrong => Interlocked.Read(ref _wrong);

    /// <summary>Gets how many sessions ended.</summary>
    internal long Ended => Interlocked.Read(ref _ended);

    internal long Lost => Interlocked.Read(ref _sent) - Interlocked.Read(ref _answered);

    internal async Task StartAsync()
    {
        await Task.WhenAll(_clients.Select(static client => client.StartAsync()));
        foreach (EitConnection client in _clients) { _sending.Add(TalkAsync(client)); }
    }

    /// <summary>Takes the round trips since the last time.</summary>
    internal double[] TakeRoundTrips() => [.. Interlocked.Exchange(ref _roundTrips, new ConcurrentQueue<double>()).Order()];

    /// <summary>Sends no more, and waits for the last answers.</summary>
    internal async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_sending);
        var watch = Stopwatch.StartNew();
        while (Lost > 0 && watch.Elapsed < TimeSpan.FromSeconds(20)) { await Pause.ForAsync(TimeSpan.FromMilliseconds(50)); }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_clients.Select(static client => client.DisposeAsync().AsTask()));
        _stop.Dispose();
    }

    private EitConnection Make(int port, int number)
    {
        var client = new EitConnection(new EitConnectionOptions
        {
            Url = new Uri($"wss://localhost:{port}/echo"),
            TokenProvider = (_, _) => ValueTask.FromResult<string?>($"bystander-{number}"),
            CertificateValidation = FloodCertificate.IsTheServers,
            WatchesNetwork = false,
        });
        long expected = 0;
        client.OnMessage(message =>
        {
            string[] words = message.Split(' ');
            if (long.Parse(words[0], CultureInfo.InvariantCulture) != ++expected) { Interlocked.Increment(ref _wrong); }
            _roundTrips.Enqueue(Stopwatch.GetElapsedTime(long.Parse(words[1], CultureInfo.InvariantCulture)).TotalMilliseconds);
            Interlocked.Increment(ref _answered);
        });
        client.SessionEnded += (_, _) => Interlocked.Increment(ref _ended);
        return client;
    }

    private async Task TalkAsync(EitConnection client)
    {
        long number = 0;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                Interlocked.Increment(ref _sent);
                _ = client.SendAsync(string.Create(CultureInfo.InvariantCulture, $"{++number} {Stopwatch.GetTimestamp()}")).AsTask();
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // It is over.
        }
    }
}
