namespace Eit.Cli;

/// <summary>Where a client's bearer token comes from: what was given, else a file, else the environment. A file is read anew for each dial.</summary>
internal sealed record TokenSource(string? Given, string? File)
{
    internal const string Variable = "EIT_TOKEN";

    private const int BytesMax = 64 * 1024;

    /// <summary>Reads the token; null if there is none.</summary>
    /// <exception cref="IOException">The file can't be read, or is no token.</exception>
    internal async ValueTask<string?> ReadAsync(CancellationToken cancellationToken)
    {
        if (Given is not null) { return Given; }
        if (File is null) { return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } token ? token : null; }
        await using var stream = new FileStream(File, FileMode.Open, FileAccess.Read);
        byte[] bytes = new byte[BytesMax];
        int length = await stream.ReadAtLeastAsync(bytes, BytesMax, throwOnEndOfStream: false, cancellationToken);
        string text = System.Text.Encoding.UTF8.GetString(bytes, 0, length).Trim();
        bool isToken = text.Length > 0 && length < BytesMax && !text.AsSpan().ContainsAnyExceptInRange('!', '~');
        return isToken ? text : throw new IOException("It holds no token: one word of printable ASCII.");
    }
}
