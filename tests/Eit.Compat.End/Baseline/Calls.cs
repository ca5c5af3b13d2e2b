using Eit.Link;
using Eit.Protocol.Session;
using Eit.Protocol.Wire;
using Eit.Rpc;

namespace Eit.Compat.End;

/// <summary>What a client and a server do in the same way.</summary>
internal static class Calls
{
    public static RpcApi ApiOf<TNear>(Task<TNear> near)
        where TNear : INearEnd => new RpcApi()
        .Add("mark", async call => call.Return(await (await near).RunAsync("mark", call.Argument<string>(0))))
        .Add("stop", async call => call.Return(await (await near).RunAsync("stop", call.Argument<string>(0))))
        .Add("items", async call => await call.ReturnAllAsync((await near).ItemsAsync(call.Argument<string>(0))));

    public static async Task<Task<string>> SendAsync(Func<SendOptions, ValueTask<SendOutcome>> send, Manner manner)
    {
        var receipt = new SendReceipt();
        SendOutcome outcome = await send(new SendOptions
        {
            Lane = (Lane)manner.Lane,
            ExpiresAfter = manner.ExpiresAfter,
            Key = manner.Key,
            CompleteWhen = CompleteWhen.Accepted,
            Receipt = receipt,
        });
        return outcome == SendOutcome.Accepted ? NameAsync(receipt.Outcome) : Task.FromResult(outcome.ToString());
    }

    public static async Task<Answer> CallAsync(IRpcCaller caller, string method, string argument)
    {
        try { return new Answer("Processed", [await caller.CallAsync<string>(method, argument)]); }
        catch (RpcCallLostException lost) { return new Answer(lost.Outcome.ToString(), []); }
        catch (RpcException failed) { return new Answer($"error-{failed.Error}", []); }
    }

    public static async Task<Answer> StreamAsync(IRpcCaller caller, string method, string argument)
    {
        var values = new List<string>();
        try
        {
            await foreach (string value in caller.StreamAsync<string>(method, argument)) { values.Add(value); }
            return new Answer("Processed", values);
        }
        catch (RpcCallLostException lost) { return new Answer(lost.Outcome.ToString(), values); }
        catch (RpcException failed) { return new Answer($"error-{failed.Error}", values); }
    }

    private static async Task<string> NameAsync(Task<SendOutcome> outcome) => (await outcome).ToString();
}
