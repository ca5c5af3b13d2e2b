using System.Buffers.Text;
using System.Text.Json;

namespace Eit.Faults.Tests;

/// <summary>What the header of a dial said.</summary>
/// <param name="Header">The header.</param>
/// <param name="Epoch">The epoch.</param>
/// <param name="Session">The session that is to be resumed; null for a new one.</param>
/// <param name="Received">What the client has.</param>
/// <param name="IsCycle">Whether the client has another transport still.</param>
internal sealed record RecordedHello(string Header, long Epoch, string? Session, long Received, bool IsCycle)
{
    internal static RecordedHello Read(string header)
    {
        JsonElement hello = JsonElement.Parse(Base64Url.DecodeFromChars(header));
        string? want = hello.GetProperty("want").GetString();
        long epoch = hello.GetProperty("epoch").GetInt64();
        return want == "new"
            ? new RecordedHello(header, epoch, Session: null, Received: 0, IsCycle: false)
            : new RecordedHello(header, epoch, hello.GetProperty("session").GetString(), hello.GetProperty("received").GetInt64(), want == "cycle");
    }
}
