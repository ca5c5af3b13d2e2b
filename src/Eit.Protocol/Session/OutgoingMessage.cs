using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A message as the application hands it over.</summary>
public readonly record struct OutgoingMessage
{
    /// <summary>Gets the text; null if it is a message of bytes.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the bytes of a message without text; copied when the message is accepted.</summary>
    public ReadOnlyMemory<byte> Bytes { get; init; }

    /// <summary>Gets the payload that this message shares with those of other sessions, in the place of <see cref="Text"/> and <see cref="Bytes"/>; null for one of its own.</summary>
    public SharedPayload? Shared { get; init; }

    /// <summary>Gets whether it is a text; else bytes.</summary>
    public bool IsText => Text is not null || Shared is { IsText: true };

    /// <summary>Gets the lane.</summary>
    public Lane Lane { get; init; }

    /// <summary>Gets the kind (F2.2).</summary>
    public byte Kind { get; init; }

    /// <summary>Gets whether the message may wait for a transport in an outage.</summary>
    public bool MayWait { get; init; }

    /// <summary>Gets whether the message waits to leave as long as the session lives, past the bound of <see cref="SessionSettings.OutboxAge"/> (D2.2).</summary>
    public bool Stays { get; init; }

    /// <summary>Gets how long after it is accepted the message is still worth handing over (D2); null: as long as the session lives. Zero or less: not at all.</summary>
    public TimeSpan? ExpiresAfter { get; init; }

    /// <summary>Gets the key (D3): the message replaces one of the same key, lane and kind that has not begun to leave. Null: it replaces none.</summary>
    public string? Key { get; init; }

    /// <summary>Gets when <see cref="Token"/> is to be told.</summary>
    public CompleteWhen CompleteWhen { get; init; }

    /// <summary>Gets what comes back with the outcome; null if nobody waits for it.</summary>
    public object? Token { get; init; }
}
