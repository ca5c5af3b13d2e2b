using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Eit.EndToEnd.Tests;

/// <summary>Who is let in, how many, from behind which proxies, and what the operator is told of the others.</summary>
public sealed class AdmissionTests
{
    private const string Proto = "X-Forwarded-Proto";

    [Theory, Clause("A1.9")]
    [InlineData(101, Proto, "https")]
    [InlineData(101, Proto, "wss")]
    [InlineData(101, Proto, "ws, wss")]
    [InlineData(426, Proto, "wss, ws")]
    [InlineData(426, Proto, "ws")]
    [InlineData(101, "Forwarded", "for=192.0.2.60;proto=https;by=203.0.113.43")]
    [InlineData(101, "Forwarded", "for=192.0.2.60;proto=http, For=\"[2001:db8::1]:4711\";Proto=\"https\"")]
    [InlineData(426, "Forwarded", "proto=https, for=192.0.2.60;proto=http")]
    [InlineData(426, "Forwarded", "for=\"a;proto=https\"")]
    [InlineData(426, "Forwarded", "for=192.0.2.60")]
    [InlineData(426, Proto, "http", "Forwarded", "proto=https")]
    [InlineData(426, Proto, "https", "Forwarded", "proto=http")]
    [InlineData(426, "X-Forwarded-Scheme", "https")]
    [InlineData(426, "X-Original-Proto", "https")]
    public async Task A_trusted_proxy_may_say_in_each_usual_way_that_its_client_s_connection_is_encrypted(int status, params string[] headers)
    {
        await using TestHost host = await StartAsync(TrustLoopback);

        Assert.Equal(status, await StatusAsync(host, headers));
    }

    [Theory, Clause("A1.9")]
    [InlineData(101, Proto, "https", "X-Forwarded-For", "203.0.113.7")]
    [InlineData(101, Proto, "http, https")]
    [InlineData(426, Proto, "https, http")]
    [InlineData(426, Proto, "http", "X-Forwarded-For", "203.0.113.7")]
    [InlineData(426)]
    public async Task What_the_forwarded_headers_middleware_has_decided_for_a_trusted_proxy_counts(int status, params string[] headers)
    {
        await using TestHost host = await StartAsync(TrustLoopback, static app => app.UseForwardedHeaders(new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto }));

        Assert.Equal(status, await StatusAsync(host, headers));
    }

    [Fact, Clause("A1.9")]
    public async Task A_middleware_that_trusts_everybody_makes_nobody_a_trusted_proxy()
    {
        await using TestHost host = await StartAsync(
            static options => options.TrustedProxies.Add(System.Net.IPNetwork.Parse("10.0.0.0/8")),
            static app =>
            {
                var trusting = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.All, ForwardLimit = null };
                trusting.KnownProxies.Clear();
                trusting.KnownIPNetworks.Clear();
                app.UseForwardedHeaders(trusting);
            });

        Assert.Equal(426, await StatusAsync(host, Proto, "https, https", "X-Forwarded-For", "10.1.2.3"));
        Assert.Equal(426, await StatusAsync(host, Proto, "https", "X-Forwarded-For", "10.1.2.3"));
        Assert.Equal(426, await StatusAsync(host, Proto, "https"));
    }

    [Theory, Clause("A1.10")]
    [InlineData(101, "https://app.example", "Host", "app.example:443")]
    [InlineData(101, "https://app.example:443", "Host", "app.example")]
    [InlineData(101, "https://App.Example", "Host", "app.EXAMPLE")]
    [InlineData(101, "https://app.example", "X-Forwarded-Host", "app.example")]
    [InlineData(101, "https://app.example:8443", "X-Forwarded-Host", "app.example", "X-Forwarded-Port", "8443")]
    [InlineData(101, "https://app.example", "Forwarded", "proto=https;host=app.example")]
    [InlineData(403, "https://app.example:8443", "Host", "app.example")]
    [InlineData(403, "http://app.example", "Host", "app.example")]
    [InlineData(403, "https://app.example", "X-Forwarded-Host", "app.example, other.example")]
    [InlineData(403, "https://app.example", "Host", "other.example")]
    public async Task A_page_s_own_origin_is_recognised_however_its_host_is_spelled(int status, string origin, params string[] headers)
    {
        await using TestHost host = await StartAsync(TrustLoopback);

        Assert.Equal(status, await StatusAsync(host, [Proto, "https", "Origin", origin, .. headers]));
    }

    [Fact, Clause("A1.10")]
    public async Task A_forwarded_host_of_nobody_trusted_is_no_host_of_ours()
    {
        await using TestHost host = await StartAsync(tls: true);

        Assert.Equal(403, await StatusAsync(host, "Origin", "https://evil.example", "X-Forwarded-Host", "evil.example"));
    }

    [Theory, Clause("A1.10")]
    [InlineData(403, "evil.example")]
    [InlineData(101, "localhost")]
    [InlineData(101, "127.0.0.1")]
    [InlineData(101, "app.localhost")]
    public async Task Without_tls_a_name_that_somebody_has_made_point_here_is_not_the_server_s_own(int status, string name)
    {
        await using TestHost host = await StartAsync(static options => options.ExemptForDevelopment(unencrypted: true, anonymous: true, "Testing"));

        Assert.Equal(status, await StatusAsync(host, "Host", name, "Origin", $"http://{name}"));
    }

    [Fact, Clause("A1.8")]
    public async Task Who_opens_transports_and_says_no_hello_is_refused_beyond_a_bound_and_others_get_in()
    {
        await using TestHost host = await StartAsync(static options => (options.TransportsWithoutHelloPerPrincipalMax, options.TransportsWithoutHelloMax) = (2, 3), tls: true);
        await using RawClient first = await RawClient.OpenAsync(host, hello: null, host.Token("eve"));
        await using RawClient second = await RawClient.OpenAsync(host, hello: null, host.Token("eve"));

        await using RawClient third = await RawClient.OpenAsync(host, hello: null, host.Token("eve"));
        await using RawClient other = await RawClient.OpenAsync(host, hello: null, host.Token("ada"));
        await using RawClient excessive = await RawClient.OpenAsync(host, hello: null, host.Token("bob"));
        await using RawClient inHeader = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("eve"));
        await first.SendAsync(RawClient.Json(RawClient.Hello(instance: 9)));
        await first.UntilAsync("welcome");
        await using RawClient later = await RawClient.OpenAsync(host, hello: null, host.Token("eve"));

        Assert.Equal([101, 101, 503, 101, 503, 101, 101], new[] { first, second, third, other, excessive, inHeader, later }.Select(static client => client.Status));
        Assert.NotEmpty(third.Headers["Retry-After"]);
    }

    [Fact, Clause("A1.2")]
    public async Task Where_the_server_upgrades_no_more_connections_the_answer_is_503_and_no_failure()
    {
        var logs = new CapturedLogs();
        await using TestHost host = await StartAsync(tls: true, logs: logs, build: static builder => builder.Services.Configure<Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServerOptions>(static kestrel => kestrel.Limits.MaxConcurrentUpgradedConnections = 1));
        await using RawClient first = await RawClient.OpenAsync(host, RawClient.Hello(instance: 1), host.Token("ada"));
        await first.UntilAsync("welcome");

        await using RawClient second = await RawClient.OpenAsync(host, RawClient.Hello(instance: 2), host.Token("bob"));

        Assert.Equal((101, 503), (first.Status, second.Status));
        Assert.NotEmpty(second.Headers["Retry-After"]);
        Assert.DoesNotContain(logs.Entries, static entry => entry.Level >= LogLevel.Error);
    }

    [Fact, Clause("A1.11")]
    public async Task Every_refusal_is_one_line_that_names_both_values_and_the_option_to_look_at()
    {
        var logs = new CapturedLogs();
        await using TestHost host = await StartAsync(static options => options.AllowedOrigins.Add("https://app.example"), logs: logs, tls: true);
        await using TestHost bare = await StartAsync(logs: logs);

        await StatusAsync(bare, Proto, "https");
        await StatusAsync(host, "Origin", "https://evil.example");
        await using (RawClient nobody = await RawClient.OpenAsync(host, RawClient.Hello(), "nonsense")) { }
        await using (RawClient stranger = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), subprotocol: "eit.v9.json")) { }
        string[] lines = [.. logs.Texts.Where(static line => line.Contains("RequestRefused", StringComparison.Ordinal))];

        Assert.Equal(4, lines.Length);
        AssertSays(lines[0], "127.0.0.1", "426", "X-Forwarded-Proto: 'https'", "EitServerOptions.TrustedProxies (it is empty)");
        AssertSays(lines[1], "403", "'https://evil.example'", $"'127.0.0.1:{host.Port}'", "EitServerOptions.AllowedOrigins has https://app.example");
        AssertSays(lines[2], "401", "the authentication scheme BearerToken has authenticated nobody");
        AssertSays(lines[3], "400", "'eit.v9.json'", "eit.v1.json", "WithPlainClients");
        Assert.DoesNotContain(lines, static line => line.Contains("nonsense", StringComparison.Ordinal));
    }

    [Fact, Clause("A1.11")]
    public async Task A_flood_of_refusals_is_one_line_and_no_stack_trace()
    {
        var logs = new CapturedLogs();
        await using TestHost host = await StartAsync(logs: logs, tls: true);

        for (int i = 0; i < 20; i++)
        {
            await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), $"nonsense{i}");
            Assert.Equal(401, client.Status);
        }

        Assert.Single(logs.Texts, static line => line.Contains("RequestRefused", StringComparison.Ordinal));
        Assert.DoesNotContain(logs.Entries, static entry => entry.Exception is not null);
    }

    [Fact, Clause("A1.7")]
    public async Task What_a_peer_says_as_it_closes_reaches_logs_without_control_characters()
    {
        var logs = new CapturedLogs();
        var recorder = new Recorder();
        await using TestHost host = await StartAsync(logs: logs, tls: true, recorder: recorder);
        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"));
        await client.UntilAsync("welcome");
        await client.SendAsync(RawClient.Ack);
        await recorder.Calls.UntilAsync(static call => call == "connected");

        await client.CloseAsync(1001, "x\r2026 crit: admin logged in\u001b[2K\u202e");
        await recorder.Calls.UntilAsync(static call => call.StartsWith("outage", StringComparison.Ordinal));

        string line = Assert.Single(logs.Texts, static line => line.Contains("OutageBegan", StringComparison.Ordinal));
        Assert.Contains("1001 x?2026 crit: admin logged in?[2K?", line, StringComparison.Ordinal);
        Assert.DoesNotContain(line, static letter => char.IsControl(letter));
    }

    private static void TrustLoopback(EitServerOptions options) => options.TrustedProxies.Add(System.Net.IPNetwork.Parse("127.0.0.0/8"));

    private static void AssertSays(string line, params string[] words) => Assert.All(words, word => Assert.Contains(word, line, StringComparison.Ordinal));

    private static Task<TestHost> StartAsync(Action<EitServerOptions>? configure = null, Action<WebApplication>? use = null, bool tls = false, CapturedLogs? logs = null, Action<WebApplicationBuilder>? build = null, Recorder? recorder = null) =>
        (recorder ?? new Recorder()).HostAsync(
            options =>
            {
                (options.HelloLimit, options.Session.Timeout) = (TimeSpan.FromMinutes(1), Patience.Guard);   // Nobody here says anything by itself.
                configure?.Invoke(options);
            },
            tls,
            builder =>
            {
                if (logs is not null) { builder.Services.AddSingleton<ILoggerFactory>(logs); }
                build?.Invoke(builder);
            },
            use);

    private static async Task<int> StatusAsync(TestHost host, params string[] headers)
    {
        await using RawClient client = await RawClient.OpenAsync(host, RawClient.Hello(), host.Token("ada"), scheme: host.IsTls ? "wss" : "ws", configure: options =>
        {
            for (int i = 0; i < headers.Length; i += 2) { options.SetRequestHeader(headers[i], headers[i + 1]); }
        });
        return client.Status;
    }
}
