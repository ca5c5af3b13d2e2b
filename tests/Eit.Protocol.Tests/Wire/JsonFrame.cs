using System.Text.Json;

namespace Eit.Protocol.Tests;

/// <summary>One JSON object as its members, in order and possibly twice: what a test takes apart and puts together in another way.</summary>
/// <param name="Members">Names and the JSON text of their values.</param>
internal sealed record JsonFrame(IReadOnlyList<(string Name, string Value)> Members)
{
    /// <summary>Gets every frame as PROTOCOL.md shows it, and each optional member at least once.</summary>
    internal static IReadOnlyList<JsonFrame> Samples { get; } =
    [
        Parse("""{"t":"data","n":17,"text":"hello"}"""),
        Parse("""{"t":"data","n":9007199254740991,"prompt":true,"text":""}"""),
        Parse("""{"t":"data","n":18,"lane":0,"kind":255,"more":true,"prompt":true,"ack":true,"life":250,"bin":"+/+/AA=="}"""),
        Parse("""{"t":"ack","received":17,"processed":[0,0,15,0],"credit":[1024,1048576]}"""),
        Parse("""{"t":"ack","received":17,"processed":[0,0,15,0],"credit":[1024,1048576],"expired":[12,15],"known":3}"""),
        Parse("""{"t":"ack","received":17,"processed":[0,0,15,0],"credit":[1024,1048576],"failed":[9,14,13]}"""),
        Parse("""
            {"t":"hello","instance":"0123456789abcdef0123456789abcdef","epoch":1,"want":"new","why":"first","timeout":5000,"max":1048576,"credit":[1024,1048576]}
            """),
        Parse("""
            {"t":"hello","instance":"0123456789abcdef0123456789abcdef","epoch":2,"want":"resume","why":"loss","session":"fedcba9876543210fedcba9876543210",
             "proof":"00","received":17,"processed":[0,0,15,0],"timeout":5000,"max":1048576,"credit":[1024,1048576]}
            """),
        Parse("""
            {"t":"welcome","session":"fedcba9876543210fedcba9876543210","secret":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","epoch":1,"resumed":false,"why":"unknown",
             "standby":true,"received":0,"processed":[0,0,0,0],"timeout":5000,"clientTimeout":5000,"max":1048576,"credit":[1024,1048576],
             "window":120000,"spread":500,"expires":3600000}
            """),
        Parse("""
            {"t":"welcome","session":"fedcba9876543210fedcba9876543210","epoch":2,"resumed":true,"received":9,"processed":[1,2,9,4],"timeout":5000,
             "clientTimeout":5000,"max":1048576,"credit":[1024,1048576],"window":120000,"spread":500}
            """),
        Parse("""
            {"t":"hello","instance":"0123456789abcdef0123456789abcdef","epoch":1,"want":"new","why":"first","timeout":5000,"max":1048576,"credit":[1024,1048576],
             "features":["a","b-2"],"agent":"some-client/1.2"}
            """),
        Parse("""
            {"t":"welcome","session":"fedcba9876543210fedcba9876543210","epoch":2,"resumed":true,"received":9,"processed":[1,2,9,4],"timeout":5000,
             "clientTimeout":5000,"max":1048576,"credit":[1024,1048576],"window":120000,"spread":500,"features":["a","b-2"],"agent":"some-server/1.2"}
            """),
        Parse("""{"t":"ping","id":3}"""),
        Parse("""{"t":"pong","id":3}"""),
        Parse("""{"t":"switch","last":41}"""),
        Parse("""{"t":"resend","received":39,"lost":4}"""),
        Parse("""{"t":"cycle","why":"drain","within":20000}"""),
        Parse("""{"t":"terms","spread":500,"expires":3600000}"""),
        Parse("""{"t":"terms","spread":500,"overloaded":true}"""),
        Parse("""{"t":"close","code":4000,"reason":"done","last":41}"""),
    ];

    /// <summary>Gets the names of the members that a frame may be without.</summary>
    internal IReadOnlySet<string> Optional => Text("t") switch
    {
        "data" => new HashSet<string> { "lane", "kind", "more", "prompt", "ack", "life" },
        "ack" => new HashSet<string> { "expired", "known", "failed" },
        "hello" => new HashSet<string> { "why", "features", "agent" },
        "welcome" when Value("resumed") == "true" => new HashSet<string> { "secret", "why", "standby", "expires", "features", "agent" },
        "welcome" => new HashSet<string> { "why", "standby", "expires", "features", "agent" },
        "terms" => new HashSet<string> { "expires", "overloaded" },
        _ => new HashSet<string>(),
    };

    internal static JsonFrame Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return new JsonFrame([.. document.RootElement.EnumerateObject().Select(member => (member.Name, member.Value.GetRawText()))]);
    }

    internal string Value(string name) => Members.First(member => member.Name == name).Value;

    internal JsonFrame Without(string name) => new([.. Members.Where(member => member.Name != name)]);

    internal JsonFrame With(string name, string value) => new([.. Members.Select(member => member.Name == name ? (name, value) : member)]);

    internal JsonFrame Inserting(int position, string name, string value) =>
        new([.. Members.Take(position), (name, value), .. Members.Skip(position)]);

    public override string ToString() => "{" + string.Join(',', Members.Select(member => $"\"{member.Name}\":{member.Value}")) + "}";

    private string Text(string name) => Value(name).Trim('"');
}
