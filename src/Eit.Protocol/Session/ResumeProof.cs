using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Eit.Protocol.Wire;

namespace Eit.Protocol.Session;

/// <summary>The proof that an end knows the secret of a session (R1.2).</summary>
public static class ResumeProof
{
    /// <summary>The length of a secret, in bytes.</summary>
    public const int SecretBytes = 32;

    /// <summary>Makes the proof for one epoch.</summary>
    /// <param name="secret">The session's secret.</param>
    /// <param name="session">The session.</param>
    /// <param name="epoch">The epoch of the transport that presents it.</param>
    public static string Make(ReadOnlySpan<byte> secret, SessionId session, long epoch)
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{session}:{epoch}"));
        return Convert.ToHexStringLower(HMACSHA256.HashData(secret, text));
    }

    /// <summary>Compares a proof in a time that does not depend on where it is wrong.</summary>
    /// <param name="secret">The session's secret.</param>
    /// <param name="session">The session.</param>
    /// <param name="epoch">The epoch.</param>
    /// <param name="proof">What was presented.</param>
    public static bool IsValid(ReadOnlySpan<byte> secret, SessionId session, long epoch, string proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(Make(secret, session, epoch)), Encoding.UTF8.GetBytes(proof));
    }
}
