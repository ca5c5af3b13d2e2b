namespace Eit.Cli.Demo;

/// <summary>Compares what was sent with what arrived. It knows nothing of the library.</summary>
internal static class DemoComparer
{
    internal static DemoTally Compare(IReadOnlyList<DemoEntry> sent, IReadOnlyList<DemoEntry> arrived)
    {
        Dictionary<DemoEntry, int> places = new(sent.Count);
        for (int i = 0; i < sent.Count; i++) { places.Add(sent[i], i); }
        bool[] hasArrived = new bool[sent.Count];
        int furthest = -1;
        int duplicated = 0;
        int reordered = 0;
        int altered = 0;
        foreach (DemoEntry entry in arrived)
        {
            if (!places.TryGetValue(entry, out int place)) { altered++; }
            else if (hasArrived[place]) { duplicated++; }
            else
            {
                hasArrived[place] = true;
                if (place < furthest) { reordered++; }
                furthest = Math.Max(furthest, place);
            }
        }
        return new DemoTally(sent.Count, arrived.Count, hasArrived.Count(static has => !has), duplicated, reordered, altered);
    }
}
