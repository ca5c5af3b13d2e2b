using System.Collections.Concurrent;
using System.Net;
using Eit.Connection;
using Eit.Link;
using Eit.Protocol.Session;

namespace Eit.Cli.Soak;

/// <summary>One soak: its connections, and the verdict at the end.</summary>
internal sealed class SoakRun(SoakOptions options, TimeProvider time)
{
    private const int ProblemsMax = 20;
    private const int DialsAtOnce = 32;

    private static readonly SendOptions s_accepted = new() { CompleteWhen = CompleteWhen.Accepted };

    private readonly long _began = time.GetTimestamp();
    private readonly DelayHistogram _delays = new();
    private readonly ConcurrentQueue<string> _problems = new();
    private volatile SoakTalk[] _talks = [];

    /// <summary>Gets where the soak stands. Safe from any thread.</summary>
    internal SoakStatus Status
    {
        get
        {
            SoakTalk[] talks = _talks;
            return new SoakStatus(
                time.GetElapsedTime(_began), talks.Length, talks.Count(static talk => talk.IsConnected), Sum(talks), talks.Sum(static talk => talk.Resumes), talks.Sum(static talk => talk.Cycles), _delays.Quantile(0.5), _delays.Longest);
        }
    }

    /// <summary>Makes the options of a connection to an endpoint.</summary>
    internal static EitConnectionOptions ConnectionOptions(SoakOptions options) => new()
    {
        Url = options.Url,
        TokenProvider = options.Token is { } token ? (_, _) => ValueTask.FromResult<string?>(token) : null,
        CertificateValidation = options.TakesAnyCertificate ? AnyCertificate.Take : null,
    };

    /// <summary>Runs the soak to its end. Whatever happens in it, it ends with a report.</summary>
    /// <param name="interrupted">Ends it early.</param>
    internal async Task<SoakReport> RunAsync(CancellationToken interrupted)
    {
        try
        {
            if (options.Url is not null) { await SoakAsync(() => ConnectionOptions(options), interrupted); }
            else
            {
                await using OwnServer server = await OwnServer.StartAsync(new SessionSettings(), time, async (session, text) => await session.SendAsync(text, s_accepted), interrupted);
                await SoakAsync(() => OwnConnectionOptions(server), interrupted);
                await server.StopAsync();
            }
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested) { Note("The soak was interrupted."); }
        catch (EitException failure) { Note(failure.Message); }
        return Report();
    }

    private static EitConnectionOptions OwnConnectionOptions(OwnServer server) => new()
    {
        Url = new Uri($"wss://{IPAddress.Loopback}:{server.Port}{OwnServer.Path}"),
        PinnedCertificateSha256 = server.CertificateSha256,
        TokenProvider = (_, _) => ValueTask.FromResult<string?>(server.IssueToken("ada")),
        Proxy = new WebProxy(),                                    // None, whatever the system's is: the way is within this machine.
        WatchesNetwork = false,
    };

    private async Task SoakAsync(Func<EitConnectionOptions> connection, CancellationToken interrupted)
    {
        _talks = [.. Enumerable.Range(1, options.Connections).Select(number => new SoakTalk(options, connection(), number, time, _delays, Note))];
        try
        {
            await Parallel.ForEachAsync(_talks, new ParallelOptions { MaxDegreeOfParallelism = DialsAtOnce, CancellationToken = interrupted }, async (talk, cancel) => await talk.StartAsync(cancel));
            await Task.WhenAll(_talks.Select(talk => talk.RunAsync(interrupted)));
            await Task.WhenAll(_talks.Select(static talk => talk.CloseAsync()));
        }
        finally
        {
            foreach (SoakTalk talk in _talks) { await talk.DisposeAsync(); }
        }
    }

    private static SoakTally Sum(SoakTalk[] talks) => talks.Aggregate(SoakTally.None, static (sum, talk) => sum.Plus(talk.Tally));

    private void Note(string problem)
    {
        if (_problems.Count < ProblemsMax) { _problems.Enqueue(problem); }
    }

    private SoakReport Report() => new()
    {
        Connections = options.Connections,
        Messages = Sum(_talks),
        DelayP50Ms = Math.Round(_delays.Quantile(0.5).TotalMilliseconds, 2),
        DelayP99Ms = Math.Round(_delays.Quantile(0.99).TotalMilliseconds, 2),
        DelayMaxMs = Math.Round(_delays.Longest.TotalMilliseconds, 2),
        Resumes = _talks.Sum(static talk => talk.Resumes),
        Cycles = _talks.Sum(static talk => talk.Cycles),
        FailedDials = _talks.Sum(static talk => talk.FailedDials),
        LongestOutageMs = (long)Math.Ceiling(_talks.Select(static talk => talk.LongestOutage).DefaultIfEmpty().Max().TotalMilliseconds),
        Seconds = Math.Round(time.GetElapsedTime(_began).TotalSeconds, 1),
        Problems = [.. _problems],
    };
}
