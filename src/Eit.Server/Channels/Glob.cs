namespace Eit.Server.Channels;

/// <summary>Patterns of ids whose parts are divided by slashes: <c>*</c> stands for any characters but a slash, <c>**</c> for any characters, <c>?</c> for one character but a slash.</summary>
internal static class Glob
{
    /// <summary>Gets what every id that fits begins with.</summary>
    internal static string PrefixOf(string glob)
    {
        int end = glob.AsSpan().IndexOfAny('*', '?');
        return end < 0 ? glob : glob[..end];
    }

    /// <summary>Tells whether an id fits. Takes no longer than the square of the id's length, times the pattern's.</summary>
    internal static bool Fits(ReadOnlySpan<char> glob, ReadOnlySpan<char> id)
    {
        int at = 0;                                                // in the pattern
        int read = 0;                                              // in the id
        (int Next, int Read) star = (-1, 0);                       // after the last star: where the pattern goes on, and up to where the star stretches
        (int Next, int Read) twoStars = (-1, 0);
        while (read < id.Length)
        {
            if (at < glob.Length && glob[at] == '*')
            {
                bool isTwo = at + 1 < glob.Length && glob[at + 1] == '*';
                at += isTwo ? 2 : 1;
                if (isTwo) { (twoStars, star) = ((at, read), (-1, 0)); }
                else { star = (at, read); }
            }
            else if (at < glob.Length && (glob[at] == id[read] || (glob[at] == '?' && id[read] != '/')))
            {
                at++;
                read++;
            }
            else if (star.Next >= 0 && id[star.Read] != '/')
            {
                star.Read++;
                (at, read) = star;
            }
            else if (twoStars.Next >= 0)
            {
                twoStars.Read++;
                (at, read) = twoStars;
                star = (-1, 0);
            }
            else { return false; }
        }
        return glob[at..].Trim('*').IsEmpty;
    }
}
