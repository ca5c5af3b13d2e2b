using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Eit.Chaos;
using Eit.Chaos.Faults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Eit.Cli.Chaos;

/// <summary>The control API of a proxy: HTTP on a loopback port, JSON in and out.</summary>
internal sealed class ChaosControl : IAsyncDisposable
{
    private const int BodyBytesMax = 64 * 1024;

    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    private readonly ChaosProxy _proxy;
    private readonly WebApplication _app;

    private ChaosControl(ChaosProxy proxy, int port)
    {
        _proxy = proxy;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = BodyBytesMax;
            kestrel.Listen(IPAddress.Loopback, port);
        });
        builder.Services.AddSingleton<IHostLifetime, CommandLineLifetime>();
        builder.Services.AddRouting();
        _app = builder.Build();
        _app.Use(RefuseBrowsersAsync);
        _app.UseRouting();
        Map();
    }

    internal string Address { get; private set; } = "";

    internal static async Task<ChaosControl> StartAsync(ChaosProxy proxy, int port, CancellationToken cancellationToken)
    {
        var control = new ChaosControl(proxy, port);
        try { await control._app.StartAsync(cancellationToken); }
        catch
        {
            await control.DisposeAsync();
            throw;
        }
        control.Address = control._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return control;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Web pages must not reach it, neither by a form nor by a name that they have bent to the loopback.</summary>
    private static Task RefuseBrowsersAsync(HttpContext context, RequestDelegate next)
    {
        string host = context.Request.Host.Host;
        bool isLocal = host == "localhost" || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
        return isLocal && !context.Request.Headers.ContainsKey("Origin") ? next(context) : AnswerErrorAsync(context, StatusCodes.Status403Forbidden, "Not from a web page.");
    }

    private void Map()
    {
        _app.MapGet("/faults", context => AnswerAsync(context, StatusCodes.Status200OK, new JsonArray([.. _proxy.Faults.Select(Describe)])));
        _app.MapPost("/faults", PostAsync);
        _app.MapPut("/faults/{name}", PutAsync);
        _app.MapDelete("/faults", context => DoneAsync(context, _proxy.Clear));
        _app.MapDelete("/faults/{name}", context =>
        {
            string name = Name(context);
            return _proxy.Remove(name) ? DoneAsync(context, static () => { }) : AnswerErrorAsync(context, StatusCodes.Status404NotFound, $"There is no fault '{name}'.");
        });
        _app.MapGet("/connections", context => AnswerAsync(context, StatusCodes.Status200OK, new JsonArray([.. _proxy.Connections.Select(Describe)])));
        _app.MapDelete("/connections", CutAsync);
        _app.MapGet("/counters", context => AnswerAsync(context, StatusCodes.Status200OK, JsonSerializer.SerializeToNode(_proxy.Counters, s_json)!));
        _app.MapGet("/events", EventsAsync);
        _app.MapFallback(context => AnswerErrorAsync(context, StatusCodes.Status404NotFound, "There are /faults, /faults/{name}, /connections, /counters and /events."));
    }

    private async Task PostAsync(HttpContext context)
    {
        if (await ReadAsync(context) is not var (name, fault)) { return; }
        try
        {
            if (_proxy.Faults.Any(there => there.Name == name))
            {
                await AnswerErrorAsync(context, StatusCodes.Status409Conflict, $"There is a fault '{name}' already: change it with PUT /faults/{name}.");
                return;
            }
            if (name is null) { name = _proxy.Add(fault); }
            else { _proxy.Set(name, fault); }
            await AnswerAsync(context, StatusCodes.Status201Created, new JsonObject { ["name"] = name });
        }
        catch (ArgumentException refused) { await AnswerErrorAsync(context, StatusCodes.Status400BadRequest, refused.Message); }
    }

    private async Task PutAsync(HttpContext context)
    {
        if (await ReadAsync(context) is not var (given, fault)) { return; }
        string name = Name(context);
        try
        {
            if (given is not null && given != name)
            {
                await AnswerErrorAsync(context, StatusCodes.Status400BadRequest, $"The name is '{name}' in the address and '{given}' in the body.");
                return;
            }
            bool isNew = _proxy.Set(name, fault);
            await AnswerAsync(context, isNew ? StatusCodes.Status201Created : StatusCodes.Status200OK, new JsonObject { ["name"] = name });
        }
        catch (ArgumentException refused) { await AnswerErrorAsync(context, StatusCodes.Status400BadRequest, refused.Message); }
    }

    /// <summary>Reads the fault of a request; answers it and gives null if there is none.</summary>
    private static async Task<(string? Name, ChaosFault Fault)?> ReadAsync(HttpContext context)
    {
        try
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            ChaosFault fault = ChaosFault.FromJson(await reader.ReadToEndAsync(context.RequestAborted), out string? name);
            return (name, fault);
        }
        catch (FormatException wrong) { await AnswerErrorAsync(context, StatusCodes.Status400BadRequest, wrong.Message); }
        catch (BadHttpRequestException wrong) { await AnswerErrorAsync(context, wrong.StatusCode, wrong.Message); }
        return null;
    }

    private Task CutAsync(HttpContext context)
    {
        string way = context.Request.Query["way"].FirstOrDefault() ?? "reset";
        if (way is not ("reset" or "close")) { return AnswerErrorAsync(context, StatusCodes.Status400BadRequest, $"way: '{way}' is not one of reset, close."); }
        return AnswerAsync(context, StatusCodes.Status200OK, new JsonObject { ["cut"] = _proxy.CutAll(way == "close" ? CutWay.Close : CutWay.Reset) });
    }

    private Task EventsAsync(HttpContext context)
    {
        string after = context.Request.Query["after"].FirstOrDefault() ?? "0";
        if (!long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out long number)) { return AnswerErrorAsync(context, StatusCodes.Status400BadRequest, $"after: '{after}' is not a whole number."); }
        return AnswerAsync(context, StatusCodes.Status200OK, new JsonArray([.. _proxy.Events.Where(happened => happened.Number > number).Select(Describe)]));
    }

    private static JsonNode Describe(ChaosFaultStatus status)
    {
        var node = new JsonObject { ["name"] = status.Name };
        foreach ((string key, JsonNode? value) in JsonNode.Parse(status.Fault.ToJson())!.AsObject()) { node[key] = value!.DeepClone(); }
        (node["hits"], node["acts"]) = (status.Hits, status.Acts);
        return node;
    }

    private JsonObject Describe(ChaosConnection connection) => new()
    {
        ["number"] = connection.Number,
        ["seconds"] = Seconds(_proxy.Now - connection.OpenedAt),
        ["bytesUp"] = connection.BytesUp,
        ["bytesDown"] = connection.BytesDown,
    };

    private static JsonObject Describe(ChaosEvent happened) => new()
    {
        ["number"] = happened.Number,
        ["at"] = Seconds(happened.At),
        ["kind"] = JsonNamingPolicy.CamelCase.ConvertName(happened.Kind.ToString()),
        ["connection"] = happened.Connection,
        ["fault"] = happened.Fault,
        ["text"] = happened.Text,
    };

    private static double Seconds(TimeSpan time) => Math.Round(time.TotalSeconds, 3);

    private static string Name(HttpContext context) => (string)context.Request.RouteValues["name"]!;

    private static Task DoneAsync(HttpContext context, Action act)
    {
        act();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static Task AnswerErrorAsync(HttpContext context, int status, string message) => AnswerAsync(context, status, new JsonObject { ["error"] = message });

    private static Task AnswerAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString() + "\n", context.RequestAborted);
    }
}
