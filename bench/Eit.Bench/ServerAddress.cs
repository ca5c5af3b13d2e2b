namespace Eit.Bench;

/// <summary>How to reach a server.</summary>
internal record ServerAddress(int Port, string CertificateSha256);
