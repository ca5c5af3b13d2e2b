namespace Eit.Floods;

/// <summary>The server that is flooded, and until when.</summary>
internal sealed record Target(int Port, DateTime Until)
{
    internal bool IsOver => DateTime.UtcNow >= Until;

    /// <summary>Lets so many attackers do the same, again and again, until the time is over; what goes wrong is what the server did about them.</summary>
    internal async Task ManyAsync(int attackers, Func<int, Task> attack)
    {
        await Task.WhenAll(Enumerable.Range(0, attackers).Select(async number =>
        {
            while (!IsOver)
            {
                try { await attack(number).WaitAsync(Until - DateTime.UtcNow + TimeSpan.FromSeconds(1)); }
                catch (Exception) when (!IsOver)
                {
                    await Pause.ForAsync(TimeSpan.FromMilliseconds(100 + Random.Shared.Next(200)));   // Refused, or thrown out: once more.
                }
                catch (Exception)
                {
                    return;
                }
            }
        }));
    }
}
