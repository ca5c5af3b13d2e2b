using System.Globalization;

namespace Eit.Faults.Tests;

/// <summary>nginx. A reload lets old workers live for 1 s; then their tunnels end with a bare FIN.</summary>
internal sealed class Nginx : Gateway
{
    protected override IEnumerable<string> Command => ["nginx", "-p", Folder, "-c", "gateway.conf", "-e", "errors.log", "-g", "daemon off;"];

    protected override string ConfigurationOf(GatewaySettings settings) => string.Create(CultureInfo.InvariantCulture,
        $$"""
        worker_processes 1;
        worker_shutdown_timeout 1s;
        pid nginx.pid;
        events { worker_connections 1024; }
        http {
          access_log off;
          client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
          server {
            listen {{EndPoint}} ssl;
            ssl_certificate {{CertificateFile}};
            ssl_certificate_key {{KeyFile}};
            location / {
              {{settings.Answer}}
              proxy_pass https://127.0.0.1:{{settings.Upstream}};
              proxy_http_version 1.1;
              proxy_set_header Upgrade $http_upgrade;
              proxy_set_header Connection upgrade;
              proxy_connect_timeout 1s;
              proxy_read_timeout {{settings.IdleSeconds}}s;
              proxy_send_timeout {{settings.IdleSeconds}}s;
            }
          }
        }

        """);

    protected override Task ReloadAsync() => Commands.RunAsync("nginx", "-p", Folder, "-c", "gateway.conf", "-e", "errors.log", "-s", "reload");
}
