namespace Eit.Cli.Serve;

/// <summary>What a server has done about a changed configuration. Its files, tokens and certificate, are read again in any case.</summary>
/// <param name="Taken">The keys whose new values count now.</param>
/// <param name="NeedsRestart">The keys that have changed, and whose old values stay until the server is started again.</param>
internal sealed record ServeReload(IReadOnlyList<string> Taken, IReadOnlyList<string> NeedsRestart)
{
    internal static ServeReload Between(ServeConfig old, ServeConfig next)
    {
        ServeKey[] changed = [.. ServeKeys.All.Where(key => key.Show(old)?.ToJsonString() != key.Show(next)?.ToJsonString())];
        return new ServeReload([.. changed.Where(static key => key.IsReloadable).Select(static key => key.Name)], [.. changed.Where(static key => !key.IsReloadable).Select(static key => key.Name)]);
    }
}
