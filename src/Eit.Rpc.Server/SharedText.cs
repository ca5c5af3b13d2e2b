namespace Eit.Rpc;

/// <summary>An event or an action for many sessions: written once for each wire. Its holder guards it.</summary>
internal sealed class SharedText(Func<RpcWire, RpcText> write)
{
    private RpcText? _full;
    private RpcText? _plain;

    internal RpcText For(RpcWire wire) => wire.IsFull ? _full ??= write(wire) : _plain ??= write(wire);
}
