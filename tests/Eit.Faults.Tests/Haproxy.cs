using System.Globalization;

namespace Eit.Faults.Tests;

/// <summary>HAProxy. A reload lets the old worker live for 1 s; then its tunnels end.</summary>
internal sealed class Haproxy : Gateway
{
    protected override IEnumerable<string> Command => ["haproxy", "-W", "-db", "-f", Path.Combine(Folder, "gateway.conf")];

    protected override string ConfigurationOf(GatewaySettings settings) => string.Create(CultureInfo.InvariantCulture,
        $$"""
        global
          maxconn 1000
          hard-stop-after 1s
        defaults
          mode http
          timeout connect 1s
          timeout client 30s
          timeout server 30s
          timeout tunnel {{settings.IdleSeconds}}s
        frontend front
          bind {{EndPoint}} ssl crt {{CertificateFile}} alpn http/1.1
          {{settings.Answer}}
          default_backend back
        backend back
          server one 127.0.0.1:{{settings.Upstream}} ssl verify none

        """);

    protected override Task ReloadAsync() => Commands.RunAsync("kill", "-USR2", ProcessId.ToString(CultureInfo.InvariantCulture));
}
