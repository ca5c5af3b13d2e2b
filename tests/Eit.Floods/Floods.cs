using System.Globalization;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Floods;

/// <summary>The floods of the security review.</summary>
internal static class Floods
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static readonly string s_piece = new('x', 16_000);

    internal static IReadOnlyDictionary<string, Func<Target, Task>> All { get; } = new Dictionary<string, Func<Target, Task>>(StringComparer.Ordinal)
    {
        ["grow"] = static target => target.ManyAsync(30, number => GrowAsync(target, $"grow-{number % 4}")),
        ["never-read"] = static target => target.ManyAsync(1_000, number => NeverReadAsync(target, $"never-{number % 10}")),
        ["assembly"] = static target => target.ManyAsync(100, number => AssembleAsync(target, $"assembly-{number % 4}", stays: true)),
        ["headers"] = static target => target.ManyAsync(600, number => HeadersAsync(target, $"headers-{number % 4}")),
        ["ledger"] = static target => target.ManyAsync(30, number => LedgerAsync(target, $"ledger-{number % 4}")),
        ["resend"] = static target => target.ManyAsync(4, number => ResendAsync(target, $"resend-{number}")),
        ["answers"] = static target => target.ManyAsync(4, number => CallAsync(target, $"answers-{number}", """{"t":"call","id":ID,"name":"big","args":[500000]}""", 3_000)),
        ["stream"] = static target => target.ManyAsync(4, number => CallAsync(target, $"stream-{number}", """{"t":"call","id":ID,"name":"stream","args":[100000,500000],"items":9007199254740991}""", 1)),
        ["no-hello"] = static target => target.ManyAsync(400, _ => NoHelloAsync(target)),
        ["slow-plain"] = static target => target.ManyAsync(100, _ => SlowPlainAsync(target)),
        ["evict"] = static target => target.ManyAsync(16, number => AssembleAsync(target, $"evict-{number % 4}", stays: false)),
    };

    /// <summary>A fast echo makes the windows grow; then the client reads no more, and goes on sending while it has credit.</summary>
    private static async Task GrowAsync(Target target, string user)
    {
        using RawClient client = await OpenAsync(target, user);
        DateTime stopsAt = DateTime.UtcNow.AddSeconds(3);
        while (DateTime.UtcNow < stopsAt)
        {
            if (await SpendAsync(client, 8_000)) { continue; }
            await client.ReadAsync();
            await client.AckAsync(isProcessed: true);
        }
        while (await SpendAsync(client, 8_000)) { }
        await StayAsync(target, client);
    }

    private static async Task NeverReadAsync(Target target, string user)
    {
        using RawClient client = await OpenAsync(target, user);
        while (await SpendAsync(client, 8_000)) { }
        await StayAsync(target, client);
    }

    private static async Task AssembleAsync(Target target, string user, bool stays)
    {
        using RawClient client = await OpenAsync(target, user);
        await client.AckAsync(isProcessed: false);
        for (int i = 0; i < 60; i++)
        {
            await client.SendAsync(s_piece, lane: Lane.Critical, hasMore: true);
            await client.SendAsync(s_piece, lane: Lane.Bulk, hasMore: true);
        }
        if (stays) { await StayAsync(target, client); }
    }

    private static async Task HeadersAsync(Target target, string user)
    {
        using var client = new RawClient();
        await client.OpenAsync(target.Port, "/echo?" + new string('q', 6_000), user, RawClient.HelloOf(), ballast: 20_000);
        await client.ReadAsync();
        await StayAsync(target, client);
    }

    /// <summary>Empty messages, whose echoes are acknowledged as received and never as processed.</summary>
    private static async Task LedgerAsync(Target target, string user)
    {
        using RawClient client = await OpenAsync(target, user);
        while (!target.IsOver)
        {
            while (client.Sent + 64 < client.Credit.Messages && client.Sent < 80_000) { await client.SendAsync("", count: 64); }
            await client.ReadAsync();
            await client.AckAsync(isProcessed: false);
        }
    }

    private static async Task ResendAsync(Target target, string user)
    {
        using RawClient old = await OpenAsync(target, user);
        await old.AckAsync(isProcessed: false);
        SessionId session = old.Welcome!.Session;
        string proof = ResumeProof.Make(old.Welcome.DecodeSecret(), session, 2);
        using var next = new RawClient();
        await next.OpenAsync(target.Port, "/echo", user, RawClient.HelloOf(2, HelloWant.Cycle) with { Session = session, Proof = proof });
        while (!target.IsOver)
        {
            await old.WriteAsync(static writer =>
            {
                for (int i = 0; i < 3_000; i++) { writer.WriteResend(0, new Resend(2)); }
            });
        }
    }

    private static async Task CallAsync(Target target, string user, string call, int count)
    {
        using var client = new RawClient();
        await client.OpenAsync(target.Port, "/rpc", user, RawClient.HelloOf());
        await client.ReadAsync();
        await client.AckAsync(isProcessed: false);
        for (int id = 1; id <= count; id++)
        {
            while (client.Sent >= client.Credit.Messages * 15 / 16) { await client.ReadAsync(); }
            await client.SendAsync(call.Replace("ID", id.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal), kind: 1);
        }
        await StayAsync(target, client);
    }

    private static async Task NoHelloAsync(Target target)
    {
        using var client = new RawClient();
        await client.OpenAsync(target.Port, "/echo", "nobody", hello: null);
        await Pause.ForAsync(TimeSpan.FromSeconds(6));
    }

    private static async Task SlowPlainAsync(Target target)
    {
        using var client = new RawClient();
        await client.OpenAsync(target.Port, "/echo", "plain", hello: null, subprotocol: null);
        for (int i = 0; i < 60; i++) { await client.SendPartAsync(16_384); }
        while (!target.IsOver)
        {
            await Pause.ForAsync(s_second);
            await client.SendPartAsync(1);
        }
    }

    private static async Task<RawClient> OpenAsync(Target target, string user)
    {
        var client = new RawClient();
        try
        {
            await client.OpenAsync(target.Port, "/echo", user, RawClient.HelloOf());
            await client.ReadAsync();
            return client;
        }
        catch (Exception)
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Sends what the credit allows, but for the sixteenth that the server counts and a client leaves.</summary>
    private static async Task<bool> SpendAsync(RawClient client, int bytes)
    {
        if (client.Sent >= client.Credit.Messages || client.SentBytes + bytes > client.Credit.Bytes) { return false; }
        await client.SendAsync(s_piece[..bytes]);
        return true;
    }

    /// <summary>Shows that it lives, and reads nothing.</summary>
    private static async Task StayAsync(Target target, RawClient client)
    {
        while (!target.IsOver)
        {
            await Pause.ForAsync(s_second);
            await client.AckAsync(isProcessed: false);
        }
    }
}
