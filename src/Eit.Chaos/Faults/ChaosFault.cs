using System.Text;
using System.Text.Json;
using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>Something that goes wrong with connections. Immutable; it can be set at any number of proxies.</summary>
/// <remarks>
/// The kinds are the classes that derive from it; nobody else can. Each can be written in words: <c>latency,delay=100ms,direction=down</c> or
/// <c>{"kind":"latency","delay":"100ms","direction":"down"}</c>. Times are numbers with a unit (ms, s, m, h), else of milliseconds; sizes are bytes, or with a unit (KiB, MiB, GiB).
/// </remarks>
public abstract record ChaosFault
{
    private protected ChaosFault()
    {
    }

    /// <summary>Gets the kind's word.</summary>
    public abstract string Kind { get; }

    /// <summary>Gets the share of connections to which it applies.</summary>
    /// <value>Default 1; 0 to 1.</value>
    public double Toxicity { get; init; } = 1;

    /// <summary>Gets the words of all kinds.</summary>
    public static IEnumerable<string> Kinds => FaultKinds.Names;

    /// <summary>Reads a fault from a line such as <c>latency,delay=100ms,direction=down</c>.</summary>
    /// <param name="text">The kind, and its fields behind commas.</param>
    /// <exception cref="FormatException">It is not one; the message says why and what is allowed.</exception>
    public static ChaosFault Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        Dictionary<string, string> words = [];
        foreach (string part in parts.Skip(1))
        {
            int sign = part.IndexOf('=', StringComparison.Ordinal);
            if (sign < 0) { throw new FormatException($"'{part}' is not of the form field=value."); }
            if (!words.TryAdd(part[..sign].Trim(), part[(sign + 1)..].Trim())) { throw new FormatException($"'{part[..sign].Trim()}' is given twice."); }
        }
        return Read(parts[0], words);
    }

    /// <summary>Reads a fault from a JSON object.</summary>
    /// <param name="json">The object: <c>kind</c>, and its fields.</param>
    /// <exception cref="FormatException">It is not one; the message says why and what is allowed.</exception>
    public static ChaosFault FromJson(string json) => FaultJson.Read(json, []).Fault;

    /// <summary>Reads a fault from a JSON object that may also have a <c>name</c>.</summary>
    /// <param name="json">The object: <c>kind</c>, its fields, and <c>name</c>.</param>
    /// <param name="name">The name; null without one.</param>
    /// <exception cref="FormatException">It is not one; the message says why and what is allowed.</exception>
    public static ChaosFault FromJson(string json, out string? name)
    {
        (name, ChaosFault fault) = FaultJson.Read(json, ["name"]);
        return fault;
    }

    /// <summary>Writes the fault as a JSON object, fields with their usual values left out.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) { FaultJson.Write(writer, this, name: null); }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Gives the fault as a line that <see cref="Parse"/> reads, fields with their usual values left out.</summary>
    public sealed override string ToString() => string.Concat([Kind, .. FaultWriter.WordsOf(this).Select(word => $",{word.Key}={word.Value}")]);

    internal static ChaosFault Read(string kind, IReadOnlyDictionary<string, string> words, params string[] others)
    {
        ChaosFault plainest = FaultKinds.Find(kind);
        var reader = new FaultReader(words);
        ChaosFault fault = plainest.Through(reader);
        reader.RefuseUnknown(kind, others);
        fault.Check();
        return fault;
    }

    /// <summary>Throws if a field is out of range, or does not go with another.</summary>
    /// <exception cref="FormatException">It does.</exception>
    internal void Check()
    {
        Through(new FaultWriter());
        if (Contradiction is { } contradiction) { throw new FormatException(contradiction); }
    }

    /// <summary>Lets somebody go through all fields, and takes what they give in place of them.</summary>
    internal ChaosFault Through(FaultFields fields) => Describe(fields) with { Toxicity = fields.Share("toxicity", Toxicity) };

    /// <summary>Lets somebody go through the fields of this kind, and takes what they give in place of them.</summary>
    internal abstract ChaosFault Describe(FaultFields fields);

    /// <summary>Gets what does not go together in the fields; null if all does.</summary>
    internal virtual string? Contradiction => null;

    /// <summary>Makes what the fault does to the bytes of one direction of one connection; null: nothing.</summary>
    internal virtual FlowFault? FlowFor(ChaosDirection direction, IJitter chance) => null;

    /// <summary>Gets whether nobody listens while the fault is there.</summary>
    internal virtual bool Refuses => false;

    /// <summary>Gets whether a connection is accepted and not served.</summary>
    internal virtual bool IsSilent => false;

    /// <summary>Gives how long a connection waits before the upstream is dialled.</summary>
    internal virtual TimeSpan OpenWait(double chance) => TimeSpan.Zero;

    /// <summary>Tells whether a new connection is turned away.</summary>
    /// <param name="others">How many others there are.</param>
    internal virtual bool TurnsAway(int others) => false;

    /// <summary>Gives when a connection is to be ended; null: not by the clock.</summary>
    internal virtual TimeSpan? EndsAt(in ConnectionTimes times, double chance) => null;

    /// <summary>Gets how a connection is ended then.</summary>
    internal virtual CutWay EndsBy => CutWay.Close;
}
