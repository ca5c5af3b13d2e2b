using Microsoft.Extensions.DependencyInjection;

namespace Eit.Server.Channels;

/// <summary>What a channel has from its creation to its deletion: its handler, and the services that this was made from.</summary>
internal sealed record ChannelLife(MadeChannelHandler Made, AsyncServiceScope Scope)
{
    internal EitChannelHandler Handler => Made.Handler;

    /// <summary>Disposes of both; fails with what the handler's disposal throws.</summary>
    internal async ValueTask EndAsync()
    {
        try
        {
            if (Made is { IsOwned: true, Handler: IAsyncDisposable patient }) { await patient.DisposeAsync().ConfigureAwait(false); }
            else if (Made is { IsOwned: true, Handler: IDisposable owned }) { owned.Dispose(); }
        }
        finally
        {
            await Scope.DisposeAsync().ConfigureAwait(false);
        }
    }
}
