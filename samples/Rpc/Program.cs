using System.Collections.Concurrent;
using Eit.Connection;
using Eit.Rpc;
using Eit.Samples.Rpc;
using Eit.Server;

// The server. It takes unencrypted clients without a credential, which only a host in Development may.
WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = "Development" });
builder.Logging.ClearProviders();
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddEit(options => options.ExemptForDevelopment(unencrypted: true, anonymous: true));
builder.Services.AddEitRpc(new RpcSessionsOptions { Json = SampleJson.Default });
await using WebApplication app = builder.Build();

RpcSessions sessions = app.Services.GetRequiredService<RpcSessions>();
var store = new ConcurrentQueue<(string Schema, Record Record)>();
app.MapEitRpc("/api", CreateSession);
await app.StartAsync();
var address = new Uri(app.Urls.First().Replace("http:", "ws:", StringComparison.Ordinal) + "/api?user=ada");

// The client.
await using var connection = new EitConnection(new EitConnectionOptions { Url = address, AllowUnencryptedForDevelopment = true });
RpcConnection client = connection.UseRpc(new RpcOptions { Json = SampleJson.Default });
client.On<string>("hi", text => Console.WriteLine($"event      {text}"));
client.OnDispatch(action => Console.WriteLine($"dispatch   {action.GetRawText()}"));
await connection.StartAsync();

IServerApi api = client.GetApi<IServerApi>();
foreach (int hands in (int[])[2, 3, 11, 0])
{
    try { Console.WriteLine($"clap({hands})    {await api.Clap(hands)}"); }
    catch (RpcException failure) { Console.WriteLine($"clap({hands})    error: {failure.Message}"); }
}
await api.CreateRecord("book", new Record("Dune", 412));
await foreach (Record record in api.Records("book")) { Console.WriteLine($"record     {record}"); }
return 0;

RpcSession? CreateSession(HttpContext context)
{
    // Null, or an exception, refuses the client before any WebSocket is opened.
    if (context.Request.Query["user"].ToString() is not { Length: > 0 } user) { return null; }
    var session = new RpcSession { Api = RpcApi.Of<IServerApi>(new ServerApi(sessions, store)) };
    session.OnStart = () =>
    {
        session.Emit("hi", $"A new session has started for {user}");
        session.Dispatch(new StoreAction("ACTION_TYPE", "none", Payload: null));
        return default;
    };
    return session;
}
