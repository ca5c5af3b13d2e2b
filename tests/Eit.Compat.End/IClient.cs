namespace Eit.Compat.End;

/// <summary>A client's connection.</summary>
internal interface IClient : IAsyncDisposable
{
    /// <summary>Gets the server.</summary>
    IFarEnd Server { get; }

    /// <summary>Gets how often it has cycled.</summary>
    int Cycles { get; }

    /// <summary>Gets how often it was connected, the first time included.</summary>
    int Connects { get; }

    /// <summary>Connects.</summary>
    Task StartAsync();

    /// <summary>Says good-bye.</summary>
    Task CloseAsync();
}
