namespace Eit.Rpc;

/// <summary>How one call is made.</summary>
public sealed record RpcCallOptions
{
    internal const int ItemsMax = 65_536;

    /// <summary>Gets how long the call may take, from here to its answer; for a stream, to its end.</summary>
    /// <value>Default null: <see cref="RpcOptions.CallTimeout"/>, and without limit for a stream. 0 to 24 h, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>, as which <see cref="TimeSpan.MaxValue"/> counts.</value>
    /// <exception cref="ArgumentOutOfRangeException">It is out of range.</exception>
    public TimeSpan? Timeout
    {
        get;
        init
        {
            field = value == TimeSpan.MaxValue ? System.Threading.Timeout.InfiniteTimeSpan : value;
            bool isWrong = field is { } time && time != System.Threading.Timeout.InfiniteTimeSpan && (time < TimeSpan.Zero || time > TimeSpan.FromHours(24));
            if (isWrong) { throw new ArgumentOutOfRangeException(nameof(value), value, "Timeout must be 0 to 24 h, or infinite."); }
        }
    }

    /// <summary>Gets how many items of a stream may be on their way before they are read.</summary>
    /// <value>Default 32; 1 to 65,536.</value>
    public int Items { get; init; } = 32;
}
