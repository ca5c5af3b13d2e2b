namespace Eit.Connection;

/// <summary>Where handlers and events of a connection run.</summary>
public sealed class CallbackContext
{
    private CallbackContext(SynchronizationContext? context)
    {
        Context = context;
    }

    /// <summary>Gets the choice of no context: they run on the thread that read the message, or on a pool thread. The fastest.</summary>
    public static CallbackContext None { get; } = new(context: null);

    /// <summary>Gets the choice of the context that is current where this is called: on a user interface's thread, that thread.</summary>
    public static CallbackContext Captured => new(SynchronizationContext.Current);

    internal SynchronizationContext? Context { get; }

    /// <summary>Chooses a context.</summary>
    /// <param name="context">The context; work is posted to it and awaited, one at a time.</param>
    public static CallbackContext Of(SynchronizationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new CallbackContext(context);
    }
}
