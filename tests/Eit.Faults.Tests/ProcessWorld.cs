using System.Globalization;
using System.Net;
using Eit.Connection;
using Eit.EndToEnd.Tests;

namespace Eit.Faults.Tests;

/// <summary>A server with nothing before it, which is frozen, killed, starved and deceived about the time.</summary>
internal sealed class ProcessWorld : World
{
    private TaskCompletionSource _tokens = Open();

    /// <summary>Changes the options of each client.</summary>
    internal Action<EitConnectionOptions, ProcessWorld> Configure { get; private init; } = static (_, _) => { };

    private double SpreadSeconds { get; init; }

    /// <summary>The wall clock of the clients.</summary>
    internal SteppedClock Clock { get; } = new();

    /// <summary>From where a server reads its wall clock, with libfaketime.</summary>
    internal string ClockFile { get; } = Path.GetTempFileName();

    /// <summary>Done while tokens can be had.</summary>
    internal Task TokensToBeHad => _tokens.Task;

    protected override IPEndPoint Front => new(IPAddress.Loopback, Server.Port);

    internal static async Task<ProcessWorld> StartAsync(Action<EitConnectionOptions, ProcessWorld>? configure = null, bool fakesTime = false, double spreadSeconds = 0.1)
    {
        var world = new ProcessWorld { SpreadSeconds = spreadSeconds, Configure = configure ?? (static (_, _) => { }) };
        (string, string)[] fake =
        [
            ("LD_PRELOAD", Faketime.Library), ("FAKETIME_TIMESTAMP_FILE", world.ClockFile), ("FAKETIME_NO_CACHE", "1"), ("FAKETIME_DONT_FAKE_MONOTONIC", "1"), ("DONT_FAKE_MONOTONIC", "1"),
        ];
        world.StepServerClock(0);
        await world.StartServerAsync(spreadSeconds: spreadSeconds, environment: fakesTime ? fake : null);
        return world;
    }

    internal async Task FreezeAsync(double seconds)
    {
        Server.Signal(ProcessSignal.Stop);
        await Patience.LastAsync(TimeSpan.FromSeconds(seconds));
        Server.Signal(ProcessSignal.Continue);
    }

    /// <summary>Kills the server, and starts another one in its place.</summary>
    internal async Task ReplaceServerAsync()
    {
        int port = Server.Port;
        await Server.KillAsync();
        await StartServerAsync($"127.0.0.1:{port}", SpreadSeconds);
    }

    internal void HoldTokens() => _tokens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    internal void ReleaseTokens() => _tokens.SetResult();

    internal void StepServerClock(int seconds) => File.WriteAllText(ClockFile, string.Create(CultureInfo.InvariantCulture, $"{seconds:+0;-0}\n"));

    protected override EitConnectionOptions ClientOptions()
    {
        EitConnectionOptions options = base.ClientOptions();
        Configure(options, this);
        return options;
    }

    protected override ValueTask TearDownAsync()
    {
        File.Delete(ClockFile);
        return default;
    }

    private static TaskCompletionSource Open()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
