namespace Eit.Protocol.Wire;

/// <summary>The 128-bit id of a session.</summary>
/// <param name="Value">Its bits; unguessable where a good source of chance made them.</param>
public readonly record struct SessionId(UInt128 Value)
{
    /// <summary>Reads an id.</summary>
    /// <param name="text">32 lower-case hexadecimal digits.</param>
    /// <param name="id">The id.</param>
    /// <returns>False if it is anything else.</returns>
    public static bool TryParse(string? text, out SessionId id)
    {
        bool isValid = Hex128.TryParse(text, out UInt128 value);
        id = new(value);
        return isValid;
    }

    /// <summary>Writes the id as on the wire.</summary>
    public override string ToString() => Hex128.Format(Value);
}
