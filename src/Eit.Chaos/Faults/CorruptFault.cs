using Eit.Backoff;

namespace Eit.Chaos.Faults;

/// <summary>One byte is changed, or one in so many.</summary>
public sealed record CorruptFault : DirectedFault
{
    /// <inheritdoc/>
    public override string Kind => "corrupt";

    /// <summary>Gets how many bytes pass before the first that is changed.</summary>
    /// <value>Default 0; 0 to 2^40.</value>
    public long AfterBytes { get; init; }

    /// <summary>Gets the distance from one changed byte to the next.</summary>
    /// <value>Default 0: only one is changed; 0 to 2^40.</value>
    public long Every { get; init; }

    internal override DirectedFault DescribeRest(FaultFields fields) => this with
    {
        AfterBytes = fields.Whole("afterBytes", AfterBytes, 0, 1L << 40),
        Every = fields.Whole("every", Every, 0, 1L << 40),
    };

    internal override FlowFault MakeFlow(IJitter chance) => new Flow(this, chance);

    private sealed class Flow(CorruptFault fault, IJitter chance) : FlowFault
    {
        private long _left = fault.AfterBytes;

        internal override void Touch(Span<byte> bytes)
        {
            while (_left < bytes.Length)
            {
                bytes[(int)_left] ^= (byte)(1 + (int)(chance.Next() * 255));
                _left = fault.Every == 0 ? long.MaxValue : _left + fault.Every;
            }
            if (_left != long.MaxValue) { _left -= bytes.Length; }
        }
    }
}
