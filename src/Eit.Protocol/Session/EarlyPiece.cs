using Eit.Backoff;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>A piece that came early on a new transport (H1.5), and when the life of its message ends: it goes on meanwhile.</summary>
internal readonly struct EarlyPiece(Frame piece, Instant expiresAt)
{
    internal readonly Frame Piece = piece;

    internal Instant ExpiresAt => expiresAt;
}
