using System.CommandLine;

namespace Eit.Cli;

/// <summary>The argument that names an endpoint.</summary>
internal static class WssUrl
{
    internal static Argument<Uri?> Argument(ArgumentArity arity) => new("URL")
    {
        Description = "The endpoint: wss://host/path.",
        Arity = arity,
        CustomParser = static result =>
        {
            string text = result.Tokens[0].Value;
            if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme == "wss") { return url; }
            result.AddError($"The URL begins with wss://, not '{text}'.");
            return null;
        },
    };
}
