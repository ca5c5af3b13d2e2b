using Eit.Protocol.Session;
using Eit.Protocol.Wire;

namespace Eit.Simulation;

/// <summary>The books of the credit in one direction of a session, kept from what is on the wire: the counters of the ends are not believed.</summary>
internal sealed class CreditAudit
{
    private const int Reserved = 16;

    private readonly long[] _bytesOf = new long[LaneMarks.LaneCount];
    private long _sent;
    private Credit _windowMax = new(int.MaxValue, int.MaxValue);
    private Credit _first;
    private Credit _given;
    private Credit _told;
    private Credit _charged;

    /// <summary>Gets how many messages left nothing of the credit that the next of their lane could have used.</summary>
    internal int UsedUp { get; private set; }

    /// <summary>The receiver begins; its windows do not grow beyond these settings.</summary>
    internal void Begin(SessionSettings settings) => _windowMax = new Credit(settings.WindowMessagesMax, settings.WindowBytesMax);

    /// <summary>The receiver has written how much may be sent to it.</summary>
    internal void Give(Credit credit)
    {
        Require(Covers(credit, _given), $"credit has shrunk: {credit} is given after {_given}");
        Require(Covers(Sum(_charged, _windowMax), credit), $"credit was given twice: {credit} is given, {_charged} was sent, the windows never exceed {_windowMax}");
        _given = credit;
    }

    /// <summary>The sender has read how much it may send.</summary>
    internal void Tell(Credit credit)
    {
        Require(Covers(_given, credit), $"credit was made up: {credit} is told, {_given} was given");
        if (_first == default) { _first = credit; }
        _told = new Credit(Math.Max(_told.Messages, credit.Messages), Math.Max(_told.Bytes, credit.Bytes));
    }

    /// <summary>The sender has written a piece, perhaps again.</summary>
    internal void Send(in Frame piece)
    {
        if (piece.Number <= _sent) { return; }
        Require(piece.Number == _sent + 1, $"piece {piece.Number} left after piece {_sent}");
        _sent++;
        ref long bytes = ref _bytesOf[(int)piece.Lane];
        bytes += piece.Payload.Length;
        if (piece.HasMore) { return; }
        Charge(piece.Lane, bytes);
        bytes = 0;
    }

    /// <summary>Everything has been processed: the sender knows of all the credit that it was given, and that is a whole window.</summary>
    internal void CheckQuiet()
    {
        Require(_told == _given, $"credit was lost: {_given} is given, {_told} is known");
        bool isWhole = IsWindow(_given.Messages - _charged.Messages, _first.Messages, _windowMax.Messages) && IsWindow(_given.Bytes - _charged.Bytes, _first.Bytes, _windowMax.Bytes);
        Require(isWhole, $"credit was lost: {_charged} was sent and is processed, {_given} is given, the window began with {_first}");
    }

    private void Charge(Lane lane, long bytes)
    {
        bool isUrgent = lane < Lane.Normal;
        long messagesKept = isUrgent ? 0 : _first.Messages / Reserved;
        long bytesKept = isUrgent || bytes > _first.Bytes - (_first.Bytes / Reserved) ? 0 : _first.Bytes / Reserved;
        _charged = Sum(_charged, new Credit(1, bytes));
        Credit needed = Sum(_charged, new Credit(messagesKept, bytesKept));
        Require(Covers(_told, needed), $"credit was exceeded in lane {lane}: {_charged} is sent, {_told} is known");
        if (_told.Messages == needed.Messages || _told.Bytes == needed.Bytes) { UsedUp++; }
    }

    /// <summary>A window is as large as it began, or has doubled some times, up to its bound.</summary>
    private static bool IsWindow(long free, long first, long max) => first > 0 && free <= max && (free == max || (free % first == 0 && long.IsPow2(free / first)));

    private static bool Covers(Credit credit, Credit needed) => credit.Messages >= needed.Messages && credit.Bytes >= needed.Bytes;

    private static Credit Sum(Credit one, Credit other) => new(one.Messages + other.Messages, one.Bytes + other.Bytes);

    private static void Require(bool holds, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument(nameof(holds))] BrokenPromise otherwise)
    {
        if (!holds) { throw new HistoryException(otherwise.Take() + "."); }
    }
}
