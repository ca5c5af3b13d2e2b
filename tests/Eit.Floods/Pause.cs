namespace Eit.Floods;

/// <summary>Lets time pass: a flood is made of time.</summary>
internal static class Pause
{
    internal static async Task ForAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync();
    }
}
