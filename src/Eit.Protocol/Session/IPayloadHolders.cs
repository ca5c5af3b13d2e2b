namespace Eit.Protocol.Session;

/// <summary>Counts how many sessions hold a payload that they share. Safe from any thread.</summary>
public interface IPayloadHolders
{
    /// <summary>A session is through with it; may be called under the session's lock.</summary>
    void LetGo();
}
