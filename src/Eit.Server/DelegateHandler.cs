namespace Eit.Server;

/// <summary>A handler that is one delegate.</summary>
internal sealed class DelegateHandler(Func<EitSession, string, ValueTask> onMessage) : EitHandler
{
    public override ValueTask OnMessageAsync(EitSession session, string message) => onMessage(session, message);
}
