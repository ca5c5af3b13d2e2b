using System.Buffers.Binary;
using System.Buffers.Text;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Eit.Protocol.Wire;
using Eit.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Eit.EndToEnd.Tests;

/// <summary>A close in order is answered, and then TCP ends with its end and not with a reset (RFC 6455, 7.1.1).</summary>
public sealed class OrderlyCloseTests
{
    private static int Closes => int.TryParse(Environment.GetEnvironmentVariable("EIT_CLOSES"), out int closes) ? closes : 100;

    [Theory, Clause("C1.2")]
    [InlineData(false, 4000)]
    [InlineData(false, 4103)]
    [InlineData(false, 1000)]
    [InlineData(true, 4000)]
    [InlineData(true, 1000)]
    public async Task A_close_of_the_client_is_answered_and_tcp_ends_without_a_reset(bool isPlain, int code)
    {
        await using TestHost host = await HostAsync();
        var ends = new List<string>();
        for (int i = 0; i < Closes; i++)
        {
            await using var client = await BareSocket.OpenAsync(host, isPlain, (ulong)i + 1);
            if (!isPlain) { await client.ReadFrameAsync(); }       // welcome
            await client.SendAsync(opcode: 8, Close(code));
            ends.Add(await client.ReadToEndAsync());
        }

        Assert.All(ends, end => Assert.Equal($"close {code}, end", end));
    }

    [Theory, Clause("C1.2")]
    [InlineData(false, 4500)]
    [InlineData(true, 4000)]
    public async Task A_close_of_the_server_that_is_answered_ends_tcp_without_a_reset(bool isPlain, int code)
    {
        await using TestHost host = await HostAsync();
        var ends = new List<string>();
        for (int i = 0; i < Closes; i++)
        {
            await using var client = await BareSocket.OpenAsync(host, isPlain, (ulong)i + 1);
            if (!isPlain) { await client.ReadFrameAsync(); }
            await client.SendAsync(opcode: 1, "close!"u8);         // No JSON; and what the handler of a plain client closes at.
            ends.Add(await client.ReadToEndAsync());
        }

        Assert.All(ends, end => Assert.Equal($"close {code}, end", end));
    }

    private static Task<TestHost> HostAsync()
    {
        var recorder = new Recorder
        {
            Answer = static (session, _) =>
            {
                session.InitiateClose();
                return default;
            },
        };
        return TestHost.StartAsync(app => app.MapEit<Recorder>("/eit").WithPlainClients(), build: builder => builder.Services.AddSingleton(recorder));
    }

    private static byte[] Close(int code)
    {
        byte[] payload = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(payload, (ushort)code);
        return payload;
    }

    /// <summary>A WebSocket over TLS by hand, which sees how TCP ends.</summary>
    private sealed class BareSocket(TcpClient tcp, SslStream tls) : IAsyncDisposable
    {
        private bool _hasClosed;

        internal static async Task<BareSocket> OpenAsync(TestHost host, bool isPlain, ulong instance)
        {
            var tcp = new TcpClient();
            await tcp.ConnectAsync(IPAddress.Loopback, host.Port).Soon();
            var tls = new SslStream(tcp.GetStream(), leaveInnerStreamOpen: false, static (_, certificate, _, _) => certificate?.GetCertHashString() == TestHost.Certificate.GetCertHashString());
            await tls.AuthenticateAsClientAsync("localhost").Soon();
            var client = new BareSocket(tcp, tls);
            string eit = isPlain ? "" : $"""
                Sec-WebSocket-Protocol: {WireLimits.JsonSubprotocol}
                {WireLimits.HelloHeader}: {Base64Url.EncodeToString(Encoding.UTF8.GetBytes(RawClient.Json(RawClient.Hello(instance: instance))))}

                """;
            string request = $"""
                GET /eit HTTP/1.1
                Host: localhost
                Upgrade: websocket
                Connection: Upgrade
                Sec-WebSocket-Version: 13
                Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==
                Authorization: Bearer {host.Token("ada")}
                {eit}

                """;
            await tls.WriteAsync(Encoding.ASCII.GetBytes(request.ReplaceLineEndings("\r\n"))).Soon();
            var head = new StringBuilder();
            while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal)) { head.Append((char)(await client.ReadAsync(1))[0]); }
            Assert.StartsWith("HTTP/1.1 101", head.ToString(), StringComparison.Ordinal);
            return client;
        }

        internal Task SendAsync(byte opcode, ReadOnlySpan<byte> payload)
        {
            _hasClosed |= opcode == 8;
            return tls.WriteAsync((byte[])[(byte)(0x80 | opcode), (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload]).AsTask().Soon();   // A mask of nothing.
        }

        internal async Task<(int Opcode, byte[] Payload)> ReadFrameAsync()
        {
            byte[] head = await ReadAsync(2);
            int length = head[1] == 126 ? BinaryPrimitives.ReadUInt16BigEndian(await ReadAsync(2)) : head[1];
            return (head[0] & 0xF, await ReadAsync(length));
        }

        /// <summary>Reads to the end, and answers a close that it has not sent itself.</summary>
        internal async Task<string> ReadToEndAsync()
        {
            var seen = new List<string>();
            try
            {
                while (seen.Count == 0)
                {
                    (int opcode, byte[] payload) = await ReadFrameAsync();
                    if (opcode != 8) { continue; }
                    seen.Add($"close {BinaryPrimitives.ReadUInt16BigEndian(payload)}");
                    if (!_hasClosed) { await SendAsync(8, payload.AsSpan(0, 2)); }
                }
                seen.Add(await tls.ReadAsync(new byte[1]).AsTask().Soon() == 0 ? "end" : "more");
            }
            catch (EndOfStreamException) { seen.Add("end without a close"); }
            catch (IOException lost) { seen.Add((lost.GetBaseException() as SocketException)?.SocketErrorCode.ToString() ?? lost.Message); }
            return string.Join(", ", seen);
        }

        public async ValueTask DisposeAsync()
        {
            await tls.DisposeAsync();
            tcp.Dispose();
        }

        private async Task<byte[]> ReadAsync(int count)
        {
            byte[] bytes = new byte[count];
            await tls.ReadExactlyAsync(bytes).AsTask().Soon();
            return bytes;
        }
    }
}
