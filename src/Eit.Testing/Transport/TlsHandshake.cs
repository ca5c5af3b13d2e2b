using System.Net.Security;
using System.Security.Authentication;
using Microsoft.AspNetCore.Connections.Features;

namespace Eit.Testing.Transport;

/// <summary>What the server sees of a connection whose client has asked for TLS.</summary>
internal sealed class TlsHandshake : ITlsHandshakeFeature
{
    public SslProtocols Protocol => SslProtocols.Tls13;

    public TlsCipherSuite? NegotiatedCipherSuite => TlsCipherSuite.TLS_AES_256_GCM_SHA384;

    public string HostName => EitTestWorld.Host;

    [Obsolete("As the feature says.")]
    public CipherAlgorithmType CipherAlgorithm => CipherAlgorithmType.Aes256;

    [Obsolete("As the feature says.")]
    public int CipherStrength => 256;

    [Obsolete("As the feature says.")]
    public HashAlgorithmType HashAlgorithm => HashAlgorithmType.Sha384;

    [Obsolete("As the feature says.")]
    public int HashStrength => 384;

    [Obsolete("As the feature says.")]
    public ExchangeAlgorithmType KeyExchangeAlgorithm => ExchangeAlgorithmType.DiffieHellman;

    [Obsolete("As the feature says.")]
    public int KeyExchangeStrength => 0;
}
