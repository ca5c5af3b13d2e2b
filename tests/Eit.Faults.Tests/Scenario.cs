namespace Eit.Faults.Tests;

/// <summary>A fault, and what must hold whatever it does: nothing is lost, comes twice or out of order, either way; and all goes on within a bound.</summary>
/// <param name="Name">What goes wrong, in a few words.</param>
/// <param name="Bound">How long a recovery may take, from the end of the fault until a question that is asked then has been answered.</param>
internal abstract record Scenario(string Name, TimeSpan Bound)
{
    internal Need Need { get; init; } = Need.Nothing;

    /// <summary>How often the fault comes.</summary>
    internal int Rounds { get; init; } = 5;

    internal int Talks { get; init; } = 4;

    internal TalkOptions Talk { get; init; } = TalkOptions.Lively;

    /// <summary>Whether it is quick enough to run with every run of the tests.</summary>
    internal bool IsShort { get; init; }

    /// <summary>Whether it needs the machine for itself: others would be in its way, or it in theirs.</summary>
    internal bool IsAlone { get; init; }

    /// <summary>Whether it ends sessions, as when their server dies: then every message has its true outcome.</summary>
    internal bool EndsSessions { get; init; }

    internal abstract Task<Outcome> RunAsync();
}

/// <inheritdoc cref="Scenario"/>
/// <typeparam name="TWorld">Where it plays.</typeparam>
/// <param name="Name">What goes wrong, in a few words.</param>
/// <param name="Bound">How long a recovery may take.</param>
/// <param name="Build">Makes the world.</param>
/// <param name="Inflict">Lets the fault come; ends when the fault has.</param>
internal sealed record Scenario<TWorld>(string Name, TimeSpan Bound, Func<Task<TWorld>> Build, Func<TWorld, Task> Inflict) : Scenario(Name, Bound)
    where TWorld : World
{
    internal override async Task<Outcome> RunAsync()
    {
        await using TWorld world = await Build();
        await world.BeginTalksAsync(Talks, Talk);
        var recoveries = new List<Recovery>();
        for (int round = 0; round < Rounds; round++)
        {
            await world.AskAllAsync();
            await Inflict(world);
            recoveries.AddRange(await world.AskAllAsync());
        }
        var outcome = new Outcome(this, recoveries, await world.FinishTalksAsync(), world.Problems);
        return outcome.Faults.Any() ? outcome with { Note = world.Story } : outcome;
    }
}
