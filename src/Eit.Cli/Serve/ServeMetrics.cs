using System.Diagnostics;
using System.Globalization;
using System.Text;
using Eit.Server;

namespace Eit.Cli.Serve;

/// <summary>Writes what Prometheus reads.</summary>
internal static class ServeMetrics
{
    internal static string Write(ServeHost host)
    {
        using var process = Process.GetCurrentProcess();
        IReadOnlyList<EitSession> sessions = host.Sessions.List();
        var text = new StringBuilder();
        void Add(string name, string type, string help, double value) => text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {value}\n");

        Add("eit_sessions", "gauge", "Sessions, those that wait for their client included.", sessions.Count);
        Add("eit_sessions_away", "gauge", "Sessions that wait for their client.", host.Sessions.DetachedCount);
        Add("eit_sessions_plain", "gauge", "Sessions of WebSocket clients that do not speak Eit.", sessions.Count(static session => session.IsPlain));
        Add("eit_channels", "gauge", "Channels of relay endpoints.", host.Channels.Count);
        Add("eit_outbox_messages", "gauge", "Messages that wait to leave.", sessions.Sum(static session => (double)session.OutboxMessages));
        Add("eit_draining", "gauge", "1 while the server asks its clients to leave.", host.Sessions.IsDraining ? 1 : 0);
        Add("eit_messages_received_total", "counter", "Messages that handlers were given.", host.Counters.MessagesReceived);
        Add("eit_slow_consumers_total", "counter", "How often a client was found to be a slow consumer.", host.Sessions.SlowConsumers);
        Add("eit_channel_handlers_failed_total", "counter", "How often the handler of a channel has thrown.", host.Channels.HandlersFailed);
        Add("eit_exec_starts_total", "counter", "How often the command of an endpoint was started.", host.Counters.ExecStarts);
        Add("process_resident_memory_bytes", "gauge", "Resident memory.", process.WorkingSet64);
        Add("process_cpu_seconds_total", "counter", "Processor time used.", process.TotalProcessorTime.TotalSeconds);
        return text.ToString();
    }
}
