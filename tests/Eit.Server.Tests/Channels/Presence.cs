using Eit.Server.Channels;

namespace Eit.Server.Tests.Channels;

/// <summary>A slow handler of one channel that checks, at each event, that the channel is there when it should be, with exactly the members that it should have.</summary>
internal sealed class Presence(EitChannels channels, string path) : EitChannelHandler
{
    private readonly List<EitSession> _present = [];
    private readonly HashSet<EitSession> _came = [];
    private readonly HashSet<EitSession> _went = [];
    private readonly List<string> _faults = [];
    private bool _exists;

    internal int Created { get; private set; }

    public override async ValueTask OnChannelCreatedAsync(string path)
    {
        Check(!_exists, "Created twice.");
        (_exists, Created) = (true, Created + 1);
        await Waits.FetchAsync(TimeSpan.FromMilliseconds(10));
        Check(_present.Count == 0, "There before it was created.");
    }

    public override async ValueTask OnChannelDeletedAsync(string path)
    {
        Check(_exists, "Deleted twice.");
        Check(_present.Count == 0, "Deleted with members.");
        await Waits.FetchAsync(TimeSpan.FromMilliseconds(10));
        _exists = false;
    }

    public override async ValueTask OnConnectAsync(EitSession connection)
    {
        Check(_came.Add(connection), "Came twice.");
        _present.Add(connection);
        await Task.Yield();
        CheckMembers();
    }

    public override ValueTask OnMessageAsync(EitSession connection, string message)
    {
        CheckMembers();
        return default;
    }

    public override async ValueTask OnDisconnectAsync(EitSession connection, EitSessionEnd end)
    {
        Check(_present.Remove(connection), "Went without having come.");
        Check(_went.Add(connection), "Went twice.");
        await Task.Yield();
        CheckMembers();
    }

    internal void AssertAllCameAndWent(int sessions)
    {
        Assert.Empty(_faults);
        Assert.Equal((sessions, sessions), (_came.Count, _went.Count));
        Assert.Empty(_present);
        Assert.False(_exists);
        Assert.Empty(channels.GetConnectionsByChannel(path));
    }

    private void CheckMembers()
    {
        Check(_exists, "An event without a channel.");
        Check(channels.GetConnectionsByChannel(path).SequenceEqual(_present), "Other members than have come and not gone.");
    }

    private void Check(bool isSo, string fault)
    {
        if (!isSo) { _faults.Add(fault); }
    }
}
