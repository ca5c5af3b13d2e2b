namespace Eit.Testing;

/// <summary>A history has faults.</summary>
public sealed class EitHistoryException : Exception
{
    private const int ListedMax = 20;

    /// <summary>Says that a history has faults.</summary>
    public EitHistoryException()
        : this("The history has faults.")
    {
    }

    /// <summary>Says what is wrong with a history.</summary>
    /// <param name="message">What is wrong.</param>
    public EitHistoryException(string message)
        : this(message, innerException: null)
    {
    }

    /// <summary>Says what is wrong with a history, and what has led to it.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">What has led to it.</param>
    public EitHistoryException(string message, Exception? innerException)
        : base(message, innerException)
    {
        Faults = [];
    }

    /// <summary>Says what is wrong with a history: of many faults the first 20.</summary>
    /// <param name="name">What the history is called.</param>
    /// <param name="faults">Its faults.</param>
    public EitHistoryException(string name, IReadOnlyList<EitHistoryFault> faults)
        : base($"{name}: {faults.Count} faults.\n{string.Join('\n', faults.Take(ListedMax).Select(static fault => $"{fault.Kind}: {fault.Reason}"))}")
    {
        Faults = faults;
    }

    /// <summary>Gets what is wrong.</summary>
    public IReadOnlyList<EitHistoryFault> Faults { get; }
}
