using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Eit.Chaos.Faults;
using Eit.Cli.Chaos;

namespace Eit.Chaos.Tests;

public class ControlTests
{
    [Fact]
    public async Task Faults_are_added_changed_listed_and_removed_over_http()
    {
        await using Stage stage = Stage.Start();
        await using ChaosControl control = await ChaosControl.StartAsync(stage.Proxy, port: 0, CancellationToken.None);
        using HttpClient http = ClientOf(control);

        (HttpStatusCode Status, string Body) added = await AskAsync(http, HttpMethod.Post, "/faults", """{"kind":"latency","delay":"200ms","direction":"down"}""");
        (HttpStatusCode Status, string Body) named = await AskAsync(http, HttpMethod.Post, "/faults", """{"name":"hole","kind":"black-hole"}""");
        (HttpStatusCode Status, string Body) twice = await AskAsync(http, HttpMethod.Post, "/faults", """{"name":"hole","kind":"black-hole"}""");
        (HttpStatusCode Status, string Body) changed = await AskAsync(http, HttpMethod.Put, "/faults/hole", """{"kind":"black-hole","direction":"up"}""");
        (HttpStatusCode Status, string Body) put = await AskAsync(http, HttpMethod.Put, "/faults/new", """{"kind":"silence"}""");
        (HttpStatusCode Status, string Body) removed = await AskAsync(http, HttpMethod.Delete, "/faults/new");
        (HttpStatusCode Status, string Body) gone = await AskAsync(http, HttpMethod.Delete, "/faults/new");
        (HttpStatusCode Status, string Body) listed = await AskAsync(http, HttpMethod.Get, "/faults");
        (HttpStatusCode Status, string Body) cleared = await AskAsync(http, HttpMethod.Delete, "/faults");

        Assert.Equal((HttpStatusCode.Created, """{"name":"latency-1"}"""), added);
        Assert.Equal((HttpStatusCode.Created, """{"name":"hole"}"""), named);
        Assert.Equal(HttpStatusCode.Conflict, twice.Status);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Created, HttpStatusCode.NoContent, HttpStatusCode.NotFound, HttpStatusCode.NoContent], [changed.Status, put.Status, removed.Status, gone.Status, cleared.Status]);
        Assert.Equal("""[{"name":"latency-1","kind":"latency","delay":"200ms","direction":"down","hits":0,"acts":0},{"name":"hole","kind":"black-hole","direction":"up","hits":0,"acts":0}]""", listed.Body);
        Assert.Empty(stage.Proxy.Faults);
    }

    [Fact]
    public async Task Connections_counters_and_events_can_be_asked_for_and_connections_cut()
    {
        await using Stage stage = Stage.Start();
        await using ChaosControl control = await ChaosControl.StartAsync(stage.Proxy, port: 0, CancellationToken.None);
        using HttpClient http = ClientOf(control);
        (Socket client, Socket server) = await stage.ConnectAsync();
        await client.SayAsync("abc");
        await server.HearAsync(3);

        JsonElement connection = JsonElement.Parse((await AskAsync(http, HttpMethod.Get, "/connections")).Body)[0];
        (HttpStatusCode Status, string Body) cut = await AskAsync(http, HttpMethod.Delete, "/connections");
        bool isReset = (await client.ReadToEndAsync()).IsReset;
        await stage.Proxy.WaitForAsync(happened => happened.Kind == ChaosEventKind.Ended).Soon();
        JsonElement counters = JsonElement.Parse((await AskAsync(http, HttpMethod.Get, "/counters")).Body);
        JsonElement events = JsonElement.Parse((await AskAsync(http, HttpMethod.Get, "/events?after=2")).Body);

        Assert.Equal((1, 3), (connection.GetProperty("number").GetInt32(), connection.GetProperty("bytesUp").GetInt32()));
        Assert.Equal("""{"cut":1}""", cut.Body);
        Assert.True(isReset);
        Assert.Equal(1, counters.GetProperty("endedByFaults").GetInt32());
        Assert.Equal("ended", Assert.Single(events.EnumerateArray()).GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("POST", "/faults", "{}", HttpStatusCode.BadRequest, "A fault needs its kind")]
    [InlineData("POST", "/faults", """{"kind":"latency","dealy":1}""", HttpStatusCode.BadRequest, "allowed: name, kind, delay")]
    [InlineData("POST", "/faults", """{"kind":"frame"}""", HttpStatusCode.BadRequest, "ReadsFrames")]
    [InlineData("PUT", "/faults/x", """{"name":"y","kind":"latency"}""", HttpStatusCode.BadRequest, "in the address")]
    [InlineData("DELETE", "/connections?way=softly", null, HttpStatusCode.BadRequest, "reset, close")]
    [InlineData("GET", "/events?after=now", null, HttpStatusCode.BadRequest, "whole number")]
    [InlineData("GET", "/bogus", null, HttpStatusCode.NotFound, "There are /faults")]
    public async Task A_wrong_request_is_answered_with_what_is_wrong(string method, string path, string? body, HttpStatusCode status, string says)
    {
        await using Stage stage = Stage.Start();
        await using ChaosControl control = await ChaosControl.StartAsync(stage.Proxy, port: 0, CancellationToken.None);
        using HttpClient http = ClientOf(control);

        (HttpStatusCode Status, string Body) answer = await AskAsync(http, new HttpMethod(method), path, body);

        Assert.Equal(status, answer.Status);
        Assert.Contains(says, JsonElement.Parse(answer.Body).GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Web_pages_and_large_bodies_are_refused()
    {
        await using Stage stage = Stage.Start();
        await using ChaosControl control = await ChaosControl.StartAsync(stage.Proxy, port: 0, CancellationToken.None);
        using HttpClient http = ClientOf(control);

        HttpStatusCode fromPage = await StatusAsync(http, "Origin", "https://evil.example");
        HttpStatusCode bentName = await StatusAsync(http, "Host", "evil.example");
        HttpStatusCode local = await StatusAsync(http, "Host", "localhost");
        (HttpStatusCode Status, _) = await AskAsync(http, HttpMethod.Post, "/faults", new string(' ', 65 * 1024));

        Assert.Equal([HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.OK, HttpStatusCode.RequestEntityTooLarge], [fromPage, bentName, local, Status]);
    }

    private static HttpClient ClientOf(ChaosControl control) => new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(control.Address), Timeout = TimeSpan.FromMinutes(5) };

    private static async Task<(HttpStatusCode Status, string Body)> AskAsync(HttpClient http, HttpMethod method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        using HttpResponseMessage answer = await http.SendAsync(request);
        return (answer.StatusCode, (await answer.Content.ReadAsStringAsync()).TrimEnd());
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/faults");
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage answer = await http.SendAsync(request);
        return answer.StatusCode;
    }
}
