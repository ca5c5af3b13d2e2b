using Eit.Rpc;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.Compat.End;

/// <summary>A server whose clients talk at <c>/compat?name=…</c>.</summary>
internal static class Server
{
    /// <summary>Makes a server that can be started.</summary>
    /// <param name="builder">It has TLS and bearer tokens.</param>
    /// <param name="cycle">How often it asks its clients to cycle.</param>
    /// <param name="converse">Makes a conversation from its client's name and its session.</param>
    public static WebApplication Build(WebApplicationBuilder builder, TimeSpan cycle, Func<string, string, Conversation> converse)
    {
        builder.Services.AddEit(static options =>
        {
            options.DrainWindow = TimeSpan.FromSeconds(10);
            options.Session.Timeout = TimeSpan.FromSeconds(5);
        });
        builder.Services.AddEitRpc();
        WebApplication app = builder.Build();
        app.UseRouting();
        app.UseAuthentication();
        app.MapEitRpc("/compat", (HttpContext _) => Served.Make(cycle, converse), new RpcOptions { ParallelCalls = 4 });
        return app;
    }

    /// <summary>One client's session.</summary>
    private sealed class Served(TimeSpan cycle, Func<string, string, Conversation> converse) : EitHandler
    {
        private readonly CancellationTokenSource _over = new();
        private readonly TaskCompletionSource<Conversation> _begun = new();

        public static RpcSession Make(TimeSpan cycle, Func<string, string, Conversation> converse)
        {
            var calls = new RpcSession();
            var served = new Served(cycle, converse);
            calls.Handler = served;
            calls.Api = Calls.ApiOf(served._begun.Task);
            calls.OnStart = async () => (await served._begun.Task).Begin(new Far(calls.Session, calls));
            return calls;
        }

        public override ValueTask OnConnectedAsync(EitSession session)
        {
            _begun.SetResult(converse(session.Parameters["name"].ToString(), session.Id.ToString()));
            _ = AskAsync(session);
            return default;
        }

        public override async ValueTask OnMessageAsync(EitSession session, string message) => (await _begun.Task).Take(message);

        public override async ValueTask OnBytesAsync(EitSession session, ReadOnlyMemory<byte> message) => (await _begun.Task).Take(message.Span);

        public override async ValueTask OnClosedAsync(EitSession session, EitSessionEnd end)
        {
            await _over.CancelAsync();
            Conversation conversation = await _begun.Task;
            conversation.Ended($"{end.Code} {end.Reason}");
            await conversation.StopAsync();
        }

        /// <summary>Asks the client to cycle, now and then, as a server may.</summary>
        private async Task AskAsync(EitSession session)
        {
            using var timer = new PeriodicTimer(cycle);
            try
            {
                while (await timer.WaitForNextTickAsync(_over.Token)) { session.RequestCycle(TimeSpan.FromSeconds(1)); }
            }
            catch (OperationCanceledException)
            {
                // The session is over.
            }
        }
    }

    private sealed class Far(EitSession session, RpcSession calls) : IFarEnd
    {
        public bool HasEvents => true;

        public Task<Task<string>> SendAsync(string text, Manner manner) => Calls.SendAsync(options => session.SendAsync(text, options), manner);

        public Task<Task<string>> SendAsync(ReadOnlyMemory<byte> bytes, Manner manner) => Calls.SendAsync(options => session.SendAsync(bytes, options), manner);

        public Task<Answer> CallAsync(string method, string argument) => Calls.CallAsync(calls, method, argument);

        public Task<Answer> StreamAsync(string method, string argument) => Calls.StreamAsync(calls, method, argument);

        public bool Emit(string text) => calls.Emit("event", text);
    }
}
