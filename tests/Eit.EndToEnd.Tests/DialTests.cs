using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Eit.Backoff;
using Eit.Chaos;
using Eit.Chaos.Faults;
using Eit.Connection;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Eit.EndToEnd.Tests;

public sealed class DialTests
{
    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(10);

    [Fact, Clause("A1.3")]
    public async Task A_dial_never_follows_a_redirect()
    {
        await using ScriptedServer other = await ScriptedServer.StartAsync();
        string elsewhere = $"https://127.0.0.1:{other.Host.Port}/eit";
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            ScriptedServer.Status(301, "Location", elsewhere),
            ScriptedServer.Status(302, "Location", elsewhere),
            ScriptedServer.Status(307, "Location", elsewhere),
            ScriptedServer.Status(308, "Location", elsewhere));
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            Impatient(options);
            options.Headers["X-Key"] = "a secret";
        });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Empty(other.Dials);
        Assert.Equal([301, 302, 307, 308], StatusesOf(states));
        Assert.Equal(5, server.Dials.Count);
        Assert.All(server.Dials, headers => Assert.Equal("a secret", headers["X-Key"]));
    }

    [Fact, Clause("A1.3")]
    public async Task A_client_keeps_no_cookie()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(500, "Set-Cookie", "track=1; Path=/"));
        await using EitConnection client = server.Host.Client(configure: Impatient);

        await client.StartAsync().Soon();

        Assert.Equal(2, server.Dials.Count);
        Assert.DoesNotContain(server.Dials, headers => headers.ContainsKey("Cookie"));
    }

    [Theory, Clause("A1.4")]
    [InlineData(200)]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(502)]
    public async Task A_status_without_a_meaning_of_its_own_leads_to_back_off(int status)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(status));
        await using EitConnection client = server.Host.Client(configure: Impatient);
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        EitStateChange waiting = await states.UntilAsync(change => change.Current == EitConnectionState.Waiting && change.Attempt > 0);
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Equal((EitConnectionState.Dialing, 1, status), (waiting.Previous, waiting.Attempt, waiting.HttpStatus));
        Assert.Contains($"HTTP {status}", waiting.Reason, StringComparison.Ordinal);
        Assert.InRange(waiting.NextAttemptIn!.Value, TimeSpan.Zero, TimeSpan.FromMilliseconds(500));
    }

    [Fact, Clause("A1.4")]
    public async Task A_401_asks_the_token_provider_once_at_once_and_then_backs_off()
    {
        var reasons = new ConcurrentQueue<TokenReason>();
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(401), ScriptedServer.Status(401));
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            options.Redial = new RedialOptions { FirstWait = s_long, LongestWait = s_long };
            options.JitterSeed = 1;
            options.TokenProvider = (request, _) =>
            {
                reasons.Enqueue(request.Reason);
                return ValueTask.FromResult<string?>(server.Host.Token("ada"));
            };
        });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        EitStateChange first = await states.UntilAsync(change => change.HttpStatus == 401);
        EitStateChange second = await states.UntilAsync(change => change.HttpStatus == 401);
        client.CheckNow();                                                     // The wait has been seen; nobody sits it out.
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Equal((EitConnectionState.Waiting, TimeSpan.Zero), (first.Current, first.NextAttemptIn!.Value));
        Assert.Equal(EitConnectionState.Waiting, second.Current);
        Assert.True(second.NextAttemptIn > TimeSpan.FromSeconds(1), $"It dials again in {second.NextAttemptIn}.");
        Assert.Equal([TokenReason.First, TokenReason.Rejected, TokenReason.Rejected], reasons);
    }

    [Fact, Clause("A1.4")]
    public async Task A_token_that_was_rejected_and_refreshed_connects_without_a_wait()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            options.Redial = new RedialOptions { FirstWait = s_long, LongestWait = s_long };
            options.TokenProvider = (request, _) => ValueTask.FromResult<string?>(request.Reason == TokenReason.Rejected ? server.Host.Token("ada") : "stale");
        });

        await client.StartAsync().Soon();

        Assert.True(client.IsConnected);
        Assert.Equal(["Bearer stale"], server.Dials.Take(1).Select(headers => headers.Authorization.ToString()));
    }

    [Fact, Clause("R1.20")]
    public async Task A_dial_that_does_not_end_is_given_up_and_the_next_one_begins()
    {
        await using var clock = new LeapingClock();
        var world = new DeafWorld();
        await using var client = new EitConnection(new EitConnectionOptions { Url = new Uri("wss://127.0.0.1/eit"), World = world, TimeProvider = clock.Time, WatchesNetwork = false });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await world.Dials.NextAsync();
        clock.Leap(TimeSpan.FromSeconds(30));
        EitStateChange waiting = await states.UntilAsync(change => change is { Current: EitConnectionState.Waiting, Attempt: 1 });
        clock.Leap(TimeSpan.FromSeconds(30));
        await world.Dials.NextAsync();
        world.Release();

        Assert.Contains("did not end", waiting.Reason, StringComparison.Ordinal);
    }

    [Fact, Clause("A1.4")]
    public async Task A_403_refuses_and_is_tried_again_rarely()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(403));
        await using EitConnection client = server.Host.Client();
        Happenings<EitStateChange> states = client.Watch();

        EitException refusal = await Assert.ThrowsAsync<EitException>(() => client.StartAsync().Soon());
        EitStateChange refused = await states.UntilAsync(EitConnectionState.Refused);
        client.CheckNow();
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Equal((true, 403), (refusal.IsTransient, refusal.HttpStatus));
        Assert.Equal(403, refused.HttpStatus);
        Assert.InRange(refused.NextAttemptIn!.Value, TimeSpan.FromMinutes(2.5) - TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(7.5));
    }

    [Fact, Clause("A1.4")]
    public async Task A_refused_client_asks_again_by_itself()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(403));
        await using EitConnection client = server.Host.Client(configure: options => options.Redial = new RedialOptions { RefusedWait = TimeSpan.FromSeconds(1) });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await states.UntilAsync(EitConnectionState.Refused);
        EitStateChange after = await states.NextAsync();
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Equal(EitConnectionState.Dialing, after.Current);
    }

    [Fact, Clause("A1.4")]
    public async Task A_403_closes_a_client_that_stops_when_refused()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(403));
        await using EitConnection client = server.Host.Client(configure: options => options.StopsWhenRefused = true);
        Happenings<EitStateChange> states = client.Watch();

        EitException refusal = await Assert.ThrowsAsync<EitException>(() => client.StartAsync().Soon());
        EitStateChange closed = await states.UntilAsync(EitConnectionState.Closed);
        EitException again = await Assert.ThrowsAsync<EitException>(() => client.WaitUntilConnectedAsync().Soon());

        Assert.Equal((false, 403, CloseCode.Forbidden), (refusal.IsTransient, refusal.HttpStatus, refusal.Code));
        Assert.Equal((403, CloseCode.Forbidden, null), (closed.HttpStatus, closed.Code, closed.NextAttemptIn));
        Assert.Equal(403, again.HttpStatus);
        Assert.Single(server.Dials);
    }

    [Theory, Clause("A1.4")]
    [InlineData(429, false)]
    [InlineData(503, false)]
    [InlineData(503, true)]
    public async Task Retry_after_is_honoured(int status, bool isDate)
    {
        var clock = new ManualTimeProvider();
        string retryAfter = isDate ? clock.GetUtcNow().AddSeconds(100).ToString("R", CultureInfo.InvariantCulture) : "100";
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(status, "Retry-After", retryAfter));
        await using EitConnection client = server.Host.Client(configure: options => options.TimeProvider = clock);
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        EitStateChange waiting = await states.UntilAsync(change => change.HttpStatus == status);

        Assert.Equal(EitConnectionState.Waiting, waiting.Current);
        Assert.InRange(waiting.NextAttemptIn!.Value, TimeSpan.FromSeconds(100), TimeSpan.FromSeconds(102));
        Assert.Single(server.Dials);
    }

    [Fact, Clause("A1.4")]
    public async Task A_client_that_gives_up_its_start_is_told_the_status()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(ScriptedServer.Status(503, "Retry-After", "3600"));
        await using EitConnection client = server.Host.Client(configure: options => options.StartLimit = TimeSpan.FromMilliseconds(100));
        Happenings<EitStateChange> states = client.Watch();
        client.Start();
        await states.UntilAsync(static change => change.HttpStatus == 503);

        EitException late = await Assert.ThrowsAsync<EitException>(() => client.StartAsync().Soon());

        Assert.Equal((true, 503), (late.IsTransient, late.HttpStatus));
        Assert.Contains("HTTP 503", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_not_accepted()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();

        EitStateChange unknown = await FailureAsync(server, options => options.PinnedCertificateSha256 = null);
        EitStateChange otherPin = await FailureAsync(server, options => options.PinnedCertificateSha256 = new string('0', 64));
        EitStateChange ownNo = await FailureAsync(server, options => (options.PinnedCertificateSha256, options.CertificateValidation) = (null, static (_, _, _, _) => false));

        Assert.All([unknown, otherPin, ownNo], failure => Assert.StartsWith("TLS failed", failure.Reason, StringComparison.Ordinal));
        Assert.Empty(server.Dials);                                            // Not even the request has left.
    }

    [Fact]
    public async Task A_pinned_certificate_is_accepted_and_so_is_one_that_the_application_knows()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        await using EitConnection pinned = server.Host.Client(configure: options =>
        {
            TestHost.Calm(options);
            options.PinnedCertificateSha256 = TestHost.CertificateSha256.ToLowerInvariant();
        });
        await using EitConnection known = server.Host.Client(configure: options =>
        {
            TestHost.Calm(options);
            (options.PinnedCertificateSha256, options.CertificateValidation) = (null, static (_, certificate, _, _) => certificate?.GetCertHashString() == TestHost.Certificate.GetCertHashString());
        });

        await pinned.StartAsync().Soon();
        await known.StartAsync().Soon();

        Assert.Equal(2, server.Dials.Count);
    }

    [Fact]
    public async Task A_client_certificate_is_presented()
    {
        using X509Certificate2 own = MakeCertificate("CN=vehicle 7");
        X509Certificate2? seen = null;
        await using TestHost host = await TestHost.StartAsync(
            app => app.MapEit("/eit", static (_, _) => default),
            build: builder => builder.Services.Insert(0, ServiceDescriptor.Singleton<IConfigureOptions<KestrelServerOptions>>(new ConfigureOptions<KestrelServerOptions>(kestrel =>
                kestrel.ConfigureHttpsDefaults(https =>
                {
                    https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                    https.ClientCertificateValidation = (certificate, _, _) =>
                    {
                        seen = certificate;
                        return true;
                    };
                })))));
        await using EitConnection without = host.Client(configure: Impatient);
        await using EitConnection client = host.Client(configure: options => options.ClientCertificates.Add(own));
        Happenings<EitStateChange> states = without.Watch();

        without.Start();
        EitStateChange refused = await states.UntilAsync(change => change.Attempt > 0);
        await client.StartAsync().Soon();

        Assert.Equal(EitConnectionState.Waiting, refused.Current);
        Assert.Equal(own.Thumbprint, seen?.Thumbprint);
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_is_a_passing_failure()
    {
        using var held = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        held.Bind(new IPEndPoint(IPAddress.Loopback, 0));          // Nobody else gets it.

        EitStateChange failure = await FailureAsync($"wss://127.0.0.1:{((IPEndPoint)held.LocalEndPoint!).Port}/eit");

        Assert.Contains("refused", failure.Reason, StringComparison.OrdinalIgnoreCase);
        Assert.Null(failure.HttpStatus);
    }

    [Fact]
    public async Task A_name_that_does_not_exist_is_a_passing_failure()
    {
        EitStateChange failure = await FailureAsync("wss://no-such-host.invalid/eit", options => options.DialLimit = TimeSpan.FromSeconds(3));

        Assert.Equal(EitConnectionState.Waiting, failure.Current);
        Assert.True(failure.Reason.Contains("invalid", StringComparison.Ordinal) || failure.Reason.Contains("name", StringComparison.OrdinalIgnoreCase) || failure.Reason.EndsWith("Connecting.", StringComparison.Ordinal), failure.Reason);
    }

    [Fact]
    public async Task Silence_instead_of_TLS_ends_at_the_limit_and_names_the_phase()
    {
        await using var server = new SilentServer(speaksTls: false);

        EitStateChange failure = await TimeoutAsync(server.Url, server.Addressed);

        Assert.Equal("The dial took too long; it had come to: Securing.", failure.Reason);
    }

    [Fact]
    public async Task A_dial_that_was_given_up_does_not_hold_up_the_next_one()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.MapEit("/eit", static (_, _) => default));
        await using ChaosProxy proxy = ChaosProxy.Start(new ChaosProxyOptions { Upstream = new IPEndPoint(IPAddress.Loopback, host.Port) });
        proxy.Set("hole", new BlackHoleFault());
        var clock = new ManualTimeProvider();
        await using EitConnection client = host.Client(port: proxy.Port, configure: options => options.TimeProvider = clock);
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await Patience.UntilAsync(() => proxy.Connections is [{ BytesUp: > 0 }]);
        proxy.Connections[0].Add(new BlackHoleFault());
        proxy.Remove("hole");
        clock.Advance(new EitConnectionOptions().DialLimit);
        EitStateChange first = await states.UntilAsync(change => change.Attempt == 1);
        using var losses = new Heartbeat();
        var second = new Timings();
        long from = Stopwatch.GetTimestamp();
        client.CheckNow();
        await states.UntilAsync(EitConnectionState.Connected);
        second.Add(from, Stopwatch.GetTimestamp());

        Assert.Equal("The dial took too long; it had come to: Securing.", first.Reason);
        Assert.InRange(second.Without(losses).Longest, 0, 4_500);              // A handler that both shared would hold it up for 5 s.
    }

    [Fact]
    public async Task Silence_instead_of_an_answer_ends_at_the_limit_and_names_the_phase()
    {
        await using var server = new SilentServer(speaksTls: true);

        EitStateChange failure = await TimeoutAsync(server.Url, server.Addressed);

        Assert.Equal("The dial took too long; it had come to: Upgrading.", failure.Reason);
    }

    [Fact]
    public async Task A_server_that_selects_no_subprotocol_is_not_ours()
    {
        await using TestHost host = await TestHost.StartAsync(app => app.UseWebSockets().Run(static async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            while (await socket.ReceiveAsync(new byte[1024], CancellationToken.None) is { MessageType: not WebSocketMessageType.Close }) { }
        }));

        EitStateChange failure = await FailureAsync($"wss://127.0.0.1:{host.Port}/eit");

        Assert.Equal("The server selected none of the subprotocols offered.", failure.Reason);
    }

    [Fact]
    public async Task Silence_instead_of_a_welcome_ends_at_the_limit_and_names_the_phase()
    {
        TaskCompletionSource addressed = Patience.NewSource();
        await using TestHost host = await TestHost.StartAsync(app => app.UseWebSockets().Run(async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(WireLimits.JsonSubprotocol);
            while (await socket.ReceiveAsync(new byte[1024], CancellationToken.None) is { MessageType: not WebSocketMessageType.Close }) { addressed.TrySetResult(); }
        }));

        EitStateChange failure = await TimeoutAsync($"wss://127.0.0.1:{host.Port}/eit", addressed.Task);

        Assert.Equal("The dial took too long; it had come to: Welcome.", failure.Reason);
    }

    [Fact]
    public async Task A_token_provider_that_throws_is_a_passing_failure()
    {
        int asked = 0;
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            Impatient(options);
            options.TokenProvider = async (_, _) =>
            {
                if (Interlocked.Increment(ref asked) == 1) { throw new InvalidOperationException("The key store is locked."); }
                await Task.Yield();
                return asked == 2 ? throw new TimeoutException("So is the other.") : server.Host.Token("ada");
            };
        });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await states.UntilAsync(EitConnectionState.Connected);

        Assert.Equal(
            ["The token provider threw InvalidOperationException.", "The token provider threw TimeoutException."],
            states.All.Where(change => change.Attempt > 0 && change.Current == EitConnectionState.Waiting).Select(change => change.Reason));
        Assert.Single(server.Dials);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_token_provider_that_hangs_is_a_passing_failure(bool blocksItsThread)
    {
        int asked = 0;
        TaskCompletionSource hangs = Patience.NewSource();
        var clock = new ManualTimeProvider();
        using var never = new ManualResetEventSlim();
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            options.TimeProvider = clock;
            options.TokenProvider = async (_, _) =>
            {
                if (Interlocked.Increment(ref asked) > 1) { return server.Host.Token("ada"); }
                hangs.SetResult();
                if (blocksItsThread) { never.Wait(Patience.Guard, CancellationToken.None); }
                await new TaskCompletionSource().Task;                         // Nor does it look at its token.
                return null;
            };
        });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await hangs.Task.Soon();
        clock.Advance(new EitConnectionOptions().TokenLimit);
        await states.UntilAsync(static change => change.Attempt == 1);
        client.CheckNow();
        await states.UntilAsync(EitConnectionState.Connected);
        never.Set();

        Assert.Single(states.All, change => change.Reason == "The token provider took too long.");
    }

    [Fact]
    public async Task A_dial_without_a_token_carries_no_authorization()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        await using EitConnection client = server.Host.Client(configure: options =>
        {
            Impatient(options);
            options.TokenProvider = static (_, _) => ValueTask.FromResult<string?>(null);
        });
        Happenings<EitStateChange> states = client.Watch();

        client.Start();
        await states.UntilAsync(change => change.HttpStatus == 401);

        Assert.False(server.Dials.First().ContainsKey("Authorization"));
    }

    private static void Impatient(EitConnectionOptions options)
    {
        TestHost.Calm(options);
        options.Redial = new RedialOptions { FirstWait = TimeSpan.FromMilliseconds(10), LongestWait = TimeSpan.FromMilliseconds(20) };
    }

    private static IEnumerable<int> StatusesOf(Happenings<EitStateChange> states) => states.All.Where(change => change.HttpStatus is not null).Select(change => change.HttpStatus!.Value);

    private static Task<EitStateChange> FailureAsync(ScriptedServer server, Action<EitConnectionOptions> configure) => FailureAsync($"wss://127.0.0.1:{server.Host.Port}/eit", configure);

    /// <summary>Dials, and waits for the first failure.</summary>
    private static async Task<EitStateChange> FailureAsync(string url, Action<EitConnectionOptions>? configure = null)
    {
        var options = new EitConnectionOptions { Url = new Uri(url), PinnedCertificateSha256 = TestHost.CertificateSha256, WatchesNetwork = false, Redial = new RedialOptions { FirstWait = s_long, LongestWait = s_long } };
        configure?.Invoke(options);
        await using var client = new EitConnection(options);
        Happenings<EitStateChange> states = client.Watch();
        client.Start();
        return await states.UntilAsync(change => change is { Previous: EitConnectionState.Dialing, Current: EitConnectionState.Waiting });
    }

    /// <summary>Dials, and lets the time of the dial be over once it has come to what it waits for.</summary>
    private static async Task<EitStateChange> TimeoutAsync(string url, Task waits)
    {
        var clock = new ManualTimeProvider();
        Task<EitStateChange> failing = FailureAsync(url, options => options.TimeProvider = clock);
        await waits.Soon();
        clock.Advance(new EitConnectionOptions().DialLimit);
        return await failing;
    }

    private static X509Certificate2 MakeCertificate(string name)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    /// <summary>A server that goes along with a dial up to TCP or TLS, and then says nothing.</summary>
    private sealed class SilentServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly bool _speaksTls;
        private readonly List<IDisposable> _held = [];
        private readonly TaskCompletionSource _addressed = Patience.NewSource();
        private readonly Task _accepting;

        internal SilentServer(bool speaksTls)
        {
            _speaksTls = speaksTls;
            _listener.Start();
            _accepting = AcceptAsync();
        }

        internal string Url => $"wss://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/eit";

        /// <summary>Completes when the client has said what would have to be answered next.</summary>
        internal Task Addressed => _addressed.Task;

        public async ValueTask DisposeAsync()
        {
            _listener.Stop();
            await _accepting.Soon();
            _held.ForEach(connection => connection.Dispose());
        }

        private async Task AcceptAsync()
        {
            try
            {
                TcpClient client = await _listener.AcceptTcpClientAsync();
                _held.Add(client);
                Stream said = client.GetStream();
                if (_speaksTls)
                {
                    var secured = new SslStream(said);
                    _held.Add(secured);
                    await secured.AuthenticateAsServerAsync(TestHost.Certificate);
                    said = secured;
                }
                if (await said.ReadAsync(new byte[1]) > 0) { _addressed.SetResult(); }
            }
            catch (Exception end) when (end is SocketException or IOException or AuthenticationException or ObjectDisposedException or OperationCanceledException)
            {
                // The client has given up, or the test is over.
            }
        }
    }

    /// <summary>A world in which a dial neither ends nor listens.</summary>
    private sealed class DeafWorld : HttpMessageHandler, IClientWorld
    {
        private readonly TaskCompletionSource<HttpResponseMessage> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Happenings<int> Dials { get; } = new();

        internal void Release() => _answer.TrySetException(new IOException("The test is over."));

        public void Made(EitConnection connection) { }

        public HttpMessageHandler CreateHandler() => this;

        public Task EndAsync(EitConnection connection, Task ending, TimeSpan closeLimit) => ending;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Dials.Add(1);
            return _answer.Task;
        }
    }
}
