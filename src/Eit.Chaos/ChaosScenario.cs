using System.Globalization;
using System.Text;
using System.Text.Json;
using Eit.Chaos.Faults;

namespace Eit.Chaos;

/// <summary>Faults over time: what is set, removed and cut, and how long in between. Immutable; each step gives a new scenario.</summary>
public sealed class ChaosScenario
{
    private const int StepsMax = 10_000;

    private static readonly TimeSpan s_waitMax = TimeSpan.FromHours(24);
    private static readonly string[] s_words = ["seed", "repetitions", "steps"];
    private static readonly string[] s_steps = ["set", "remove", "clear", "cut", "wait"];

    private ChaosScenario(ulong? seed, int repetitions, IReadOnlyList<ChaosStep> steps)
    {
        (Seed, Repetitions, Steps) = (seed, repetitions, steps);
    }

    /// <summary>Gets the scenario in which nothing happens, once.</summary>
    public static ChaosScenario Empty { get; } = new(seed: null, repetitions: 1, []);

    /// <summary>Gets the seed with which it was written; null if any will do. Whoever starts a proxy for it passes it on.</summary>
    public ulong? Seed { get; }

    /// <summary>Gets how often the steps are done; 0: without end.</summary>
    public int Repetitions { get; }

    /// <summary>Gets the steps.</summary>
    public IReadOnlyList<ChaosStep> Steps { get; }

    /// <summary>Gets whether it has rules for frames, and so needs a proxy with <see cref="ChaosProxyOptions.ReadsFrames"/>.</summary>
    public bool HasFrameRules => Steps.OfType<ChaosStep.Set>().Any(static step => step.Fault is FrameFault);

    /// <summary>Reads a scenario from JSON.</summary>
    /// <param name="json">As <c>docs/CHAOS.md</c> describes it: <c>{"seed":7,"repetitions":1,"steps":[{"set":{"name":"slow","kind":"latency","delay":"100ms"}},{"wait":"5s"},{"clear":true}]}</c>.</param>
    /// <exception cref="FormatException">It is not one; the message says where and what is allowed.</exception>
    public static ChaosScenario FromJson(string json) => FaultJson.ReadDocument(json, Read);

    /// <summary>Adds a fault, or changes the one of that name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="fault">What it does.</param>
    /// <exception cref="ArgumentException">The name is empty, or a field of the fault is out of range.</exception>
    public ChaosScenario Set(string name, ChaosFault fault)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(fault);
        try { fault.Check(); }
        catch (FormatException wrong) { throw new ArgumentException(wrong.Message, nameof(fault), wrong); }
        return With(new ChaosStep.Set(name, fault));
    }

    /// <summary>Removes a fault, if it is there.</summary>
    /// <param name="name">Its name.</param>
    public ChaosScenario Remove(string name) => With(new ChaosStep.Remove(name));

    /// <summary>Removes all faults.</summary>
    public ChaosScenario Clear() => With(new ChaosStep.Clear());

    /// <summary>Ends all connections.</summary>
    /// <param name="way">How.</param>
    public ChaosScenario Cut(CutWay way = CutWay.Reset) => With(new ChaosStep.Cut(way));

    /// <summary>Lets time pass.</summary>
    /// <param name="time">0 to 24 h.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is out of range.</exception>
    public ChaosScenario Wait(TimeSpan time)
    {
        if (time < TimeSpan.Zero || time > s_waitMax) { throw new ArgumentOutOfRangeException(nameof(time), time, "It must be 0 to 24 h."); }
        return With(new ChaosStep.Wait(time));
    }

    /// <summary>Does all steps again.</summary>
    /// <param name="times">How often they are done in all; 0: without end.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative, or the steps repeated without end would never wait.</exception>
    public ChaosScenario Repeat(int times)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(times);
        if (times == 0 && !Waits) { throw new ArgumentOutOfRangeException(nameof(times), times, "Steps that never wait can't be repeated without end."); }
        return new ChaosScenario(Seed, times, Steps);
    }

    /// <summary>Notes the seed.</summary>
    /// <param name="seed">Any number.</param>
    public ChaosScenario WithSeed(ulong seed) => new(seed, Repetitions, Steps);

    /// <summary>Writes the scenario as JSON.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            if (Seed is { } seed) { writer.WriteNumber("seed", seed); }
            if (Repetitions != 1) { writer.WriteNumber("repetitions", Repetitions); }
            writer.WriteStartArray("steps");
            foreach (ChaosStep step in Steps) { Write(writer, step); }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private bool Waits => Steps.OfType<ChaosStep.Wait>().Any(static step => step.Time > TimeSpan.Zero);

    private ChaosScenario With(ChaosStep step) => new(Seed, Repetitions, [.. Steps, step]);

    private static void Write(Utf8JsonWriter writer, ChaosStep step)
    {
        writer.WriteStartObject();
        switch (step)
        {
            case ChaosStep.Set(var name, var fault):
                writer.WritePropertyName("set");
                FaultJson.Write(writer, fault, name);
                break;
            case ChaosStep.Remove(var name):
                writer.WriteString("remove", name);
                break;
            case ChaosStep.Clear:
                writer.WriteBoolean("clear", value: true);
                break;
            case ChaosStep.Cut(var way):
                writer.WriteString("cut", FaultFields.Format(way));
                break;
            case ChaosStep.Wait(var time):
                writer.WriteString("wait", FaultFields.Format(time));
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
        writer.WriteEndObject();
    }

    private static ChaosScenario Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object) { throw new FormatException("A scenario is a JSON object."); }
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!s_words.Contains(property.Name)) { throw new FormatException($"'{property.Name}' is not known in a scenario; allowed: {string.Join(", ", s_words)}."); }
        }
        ulong? seed = null;
        if (root.TryGetProperty("seed", out JsonElement given)) { seed = given.ValueKind == JsonValueKind.Number && given.TryGetUInt64(out ulong number) ? number : throw new FormatException($"seed: {given.GetRawText()} is not a whole number."); }
        int repetitions = 1;
        if (root.TryGetProperty("repetitions", out JsonElement times))
        {
            bool isNumber = times.ValueKind == JsonValueKind.Number && times.TryGetInt32(out repetitions) && repetitions >= 0;
            if (!isNumber) { throw new FormatException($"repetitions: {times.GetRawText()} is not a whole number from 0."); }
        }
        if (!root.TryGetProperty("steps", out JsonElement array) || array.ValueKind != JsonValueKind.Array) { throw new FormatException("A scenario needs steps, a JSON array."); }
        if (array.GetArrayLength() > StepsMax) { throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"A scenario has at most {StepsMax} steps.")); }
        var scenario = new ChaosScenario(seed, repetitions, [.. array.EnumerateArray().Select(ReadStep)]);
        return repetitions > 0 || scenario.Waits ? scenario : throw new FormatException("Steps that never wait can't be repeated without end.");
    }

    private static ChaosStep ReadStep(JsonElement element, int index)
    {
        try
        {
            if (element.ValueKind != JsonValueKind.Object) { throw new FormatException("A step is a JSON object."); }
            JsonProperty[] properties = [.. element.EnumerateObject()];
            if (properties.Select(static property => property.Name).FirstOrDefault(static name => !s_steps.Contains(name)) is { } unknown) { throw new FormatException($"'{unknown}' is not known in a step; allowed: {string.Join(", ", s_steps)}."); }
            return properties is [var one] ? ReadStep(one) : throw new FormatException($"A step has exactly one of {string.Join(", ", s_steps)}.");
        }
        catch (FormatException wrong) { throw new FormatException(string.Create(CultureInfo.InvariantCulture, $"steps[{index}]: {wrong.Message}"), wrong); }
    }

    private static ChaosStep ReadStep(JsonProperty property)
    {
        if (property.Name == "set")
        {
            (string? name, ChaosFault fault) = FaultJson.Read(property.Value, ["name"]);
            return new ChaosStep.Set(string.IsNullOrWhiteSpace(name) ? throw new FormatException("A fault that is set needs a name.") : name, fault);
        }
        if (property.Name == "clear") { return property.Value.ValueKind == JsonValueKind.True ? new ChaosStep.Clear() : throw new FormatException("clear is true."); }
        string? text = property.Value.ValueKind switch
        {
            JsonValueKind.String => property.Value.GetString()!,
            JsonValueKind.Number when property.Name == "wait" => property.Value.GetRawText(),
            _ => throw new FormatException($"{property.Name}: {property.Value.GetRawText()} is not a text."),
        };
        var reader = new FaultReader(new Dictionary<string, string> { [property.Name] = text });
        return property.Name switch
        {
            "remove" => new ChaosStep.Remove(text),
            "cut" => new ChaosStep.Cut(reader.Word("cut", CutWay.Reset)),
            _ => new ChaosStep.Wait(reader.Time("wait", TimeSpan.Zero, TimeSpan.Zero, s_waitMax)),
        };
    }
}
