namespace Eit.Bench;

/// <summary>The stacks take turns: in each round every one of them once, each time another one first.</summary>
internal static class Rounds
{
    /// <summary>Runs the rounds.</summary>
    /// <param name="stacks">Who takes turns.</param>
    /// <param name="warmUps">Rounds before those that count.</param>
    /// <param name="rounds">Rounds that count.</param>
    /// <param name="run">One turn; is told whether it counts.</param>
    internal static async Task RunAsync<T>(IReadOnlyList<T> stacks, int warmUps, int rounds, Func<T, bool, Task> run)
    {
        for (int round = 0; round < warmUps + rounds; round++)
        {
            for (int turn = 0; turn < stacks.Count; turn++) { await run(stacks[(turn + round + (stacks.Count * warmUps) - warmUps) % stacks.Count], round >= warmUps); }
        }
    }
}
