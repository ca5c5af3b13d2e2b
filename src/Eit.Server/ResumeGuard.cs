using Eit.Link;
using Eit.Protocol.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Eit.Server;

/// <summary>Asks at each resume and cycle whether the client may go on, and ends the session of one that may not (R1.13).</summary>
internal sealed partial class ResumeGuard(EitSessions sessions, Guard guard, ILogger<ResumeGuard> logger)
{
    /// <summary>Asks the application, before any data moves.</summary>
    /// <param name="context">The request of the new transport.</param>
    /// <param name="hello">What the client has said.</param>
    /// <returns>Null if the hello may be acted on; else why it is refused.</returns>
    internal async ValueTask<Violation?> CheckAsync(HttpContext context, Hello hello)
    {
        if (sessions.Options.MayResume is not { } mayResume || FindProven(context, hello) is not { } session) { return null; }
        try
        {
            Task<bool> asked = mayResume(session, context).AsTask();
            _ = asked.ContinueWith(static late => _ = late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);   // Nobody may wait for it any more.
            if (await asked.WaitAsync(sessions.Options.HelloLimit, sessions.Time).ConfigureAwait(false)) { return null; }
        }
        catch (Exception failure)
        {
            bool mayWrite = sessions.Wheel.LimitedLog.MayWrite(logger, LogLevel.Error, nameof(Log.MayResumeFailed), $"session {session.Id}");
            if (mayWrite) { Log.MayResumeFailed(logger, failure, session.Id, sessions.Options.HelloLimit.TotalMilliseconds); }
            return new Violation(CloseCode.Overloaded, "R1.13", "It could not be found out whether the session may go on.");
        }
        return End(session);
    }

    /// <summary>Tells that a request was refused with 403. If it was to resume or cycle a session, with the session's proof, that session ends.</summary>
    /// <param name="context">The request.</param>
    /// <param name="hello">Its hello; null: it is in the header of the request.</param>
    internal void Refused(HttpContext context, Hello? hello = null)
    {
        bool isKnown = hello is not null || JsonFrameReader.TryReadHelloHeader(context.Request.Headers[WireLimits.HelloHeader].ToString(), out hello);
        if (isKnown && FindProven(context, hello!) is { } session) { End(session); }
    }

    private EitSession? FindProven(HttpContext context, Hello hello)
    {
        if (hello.Session is null) { return null; }
        EitSession? session = sessions.FindNamed(hello, guard.KeyOf(context.User), guard.PlaceOf(context));
        return session is not null && session.IsProvenBy(hello) ? session : null;
    }

    private Violation End(EitSession session)
    {
        Log.ResumeForbidden(logger, session.Id, PeerText.Harmless(session.Path));
        session.Abort(CloseCode.Forbidden, "The client may not go on here.");
        return new Violation(CloseCode.Forbidden, "R1.13", "The client may not go on here.");
    }

    private static partial class Log
    {
        [LoggerMessage(ServerEventIds.ResumeForbidden, LogLevel.Information, "Session {SessionId} ends: its client may not use {Path} any more, say the endpoint's policy or MayResume.", EventName = nameof(ResumeForbidden))]
        public static partial void ResumeForbidden(ILogger logger, SessionId sessionId, string path);

        [LoggerMessage(ServerEventIds.MayResumeFailed, LogLevel.Error, "MayResume has failed for session {SessionId}, or has taken more than {LimitMs} ms (HelloLimit): the transport is refused.", EventName = nameof(MayResumeFailed))]
        public static partial void MayResumeFailed(ILogger logger, Exception failure, SessionId sessionId, double limitMs);
    }
}
