using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Eit.Chaos;
using Eit.Chaos.Faults;

namespace Eit.Cli.Chaos;

/// <summary>One run of the verb <c>chaos</c>: a proxy, its control API, a scenario, and what is shown of them.</summary>
internal sealed class ChaosRun(ChaosRunOptions options, TimeProvider time, TextWriter output, TextWriter error)
{
    private const int CouldNotListen = 1;

    /// <summary>Runs until it is interrupted.</summary>
    /// <returns>The exit code.</returns>
    internal async Task<int> RunAsync(CancellationToken interrupted)
    {
        using X509Certificate2? certificate = options.EndsTls ? TestCertificate.Make(time.GetUtcNow()) : null;
        ChaosProxy proxy;
        try { proxy = ChaosProxy.Start(ProxyOptions(certificate)); }
        catch (SocketException taken) { return await FailAsync(options.Listen, taken); }
        await using (proxy)
        {
            ChaosControl control;
            try { control = await ChaosControl.StartAsync(proxy, options.ControlPort, interrupted); }
            catch (IOException taken) { return await FailAsync(new IPEndPoint(IPAddress.Loopback, options.ControlPort), taken); }
            catch (OperationCanceledException) when (interrupted.IsCancellationRequested) { return 0; }
            await using (control)
            {
                foreach (ChaosFault fault in options.Faults) { proxy.Add(fault); }
                var display = new ChaosDisplay(proxy, output, isTerminal: ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected);
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"Listening on {proxy.EndPoint}, upstream {Show(options.Upstream)}, seed {options.Seed}."));
                await output.WriteLineAsync($"Control: {control.Address}/faults");
                await output.FlushAsync(CancellationToken.None);
                Task playing = PlayAsync(proxy, interrupted);
                await display.FollowAsync(interrupted);
                await playing;
                display.ShowSummary();
            }
        }
        return 0;
    }

    private ChaosProxyOptions ProxyOptions(X509Certificate2? certificate) => new()
    {
        Listen = options.Listen,
        Upstream = options.Upstream,
        Seed = options.Seed,
        Certificate = certificate,
        UpstreamTls = options.EndsTls ? UpstreamTls() : null,
        ReadsFrames = options.ReadsFrames,
        TimeProvider = time,
    };

    private SslClientAuthenticationOptions UpstreamTls()
    {
        var tls = new SslClientAuthenticationOptions
        {
            TargetHost = options.Upstream is DnsEndPoint named ? named.Host : ((IPEndPoint)options.Upstream).Address.ToString(),
            ApplicationProtocols = [SslApplicationProtocol.Http11],
        };
        if (options.TakesAnyCertificate) { tls.RemoteCertificateValidationCallback = AnyCertificate.Take; }
        return tls;
    }

    private async Task PlayAsync(ChaosProxy proxy, CancellationToken interrupted)
    {
        if (options.Scenario is not { } scenario) { return; }
        try
        {
            await proxy.PlayAsync(scenario, interrupted);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            // It need not come to its end.
        }
    }

    private async Task<int> FailAsync(IPEndPoint address, Exception failure)
    {
        await Terminal.FailAsync(error, $"{address} can't be listened on: {Outside.Line(failure)}");
        return CouldNotListen;
    }

    private static string Show(EndPoint endpoint) => endpoint is DnsEndPoint named ? string.Create(CultureInfo.InvariantCulture, $"{named.Host}:{named.Port}") : endpoint.ToString()!;
}
