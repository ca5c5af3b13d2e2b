using Microsoft.AspNetCore.SignalR;

namespace Eit.Bench;

/// <summary>What clients of SignalR call.</summary>
internal sealed class CallHub : Hub
{
    public int Add(int one, int two) => one + two;
}
