namespace Store.Shared;

/// <summary>A line of a list.</summary>
/// <param name="Id">Who it is; whoever adds it makes it up, so that adding it twice adds it once.</param>
/// <param name="Text">What it says.</param>
/// <param name="IsDone">Whether it is done.</param>
internal sealed record Item(string Id, string Text, bool IsDone);
