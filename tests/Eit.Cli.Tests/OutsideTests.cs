using System.Text;
using Eit.Cli.Serve;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Eit.Cli.Tests;

/// <summary>Files that are not what they should be, and words that are meant to do harm.</summary>
public sealed class OutsideTests
{
    public static TheoryData<byte[]> Files => new()
    {
        Encoding.Latin1.GetBytes("""{"serverName":"Bär"}"""),
        """{"serverName":"\ud800"}"""u8.ToArray(),
        """{"\ud800":"x"}"""u8.ToArray(),
        """{"endpoints":[{"path":"/\ud800","handler":"echo"}]}"""u8.ToArray(),
        """{"endpoints":[{"pa\udc00th":"/a","handler":"echo"}]}"""u8.ToArray(),
        """{"tokens":"a\u0000b"}"""u8.ToArray(),
        """{"certificate":"a\u0000b"}"""u8.ToArray(),
        "{\"serverName\":\"a\0b\"}"u8.ToArray(),
        """{"a":1,"a":2}"""u8.ToArray(),
        """{"listen":["\ud800:1"]}"""u8.ToArray(),
        """{"origins":["https://\ud800"]}"""u8.ToArray(),
        new byte[] { 0xFF, 0xFE, 0x7B, 0x00 },
        new byte[] { 0 },
    };

    [Theory, MemberData(nameof(Files), DisableDiscoveryEnumeration = true)]
    public async Task Whatever_a_configuration_holds_check_says_in_one_line_what_is_wrong_and_ends_with_2(byte[] file)
    {
        string path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, file);

        (int exitCode, string output, string error) = await Tool.RunAsync("serve", "--config", path, "--check");
        File.Delete(path);

        Assert.Equal((2, ""), (exitCode, output));
        Assert.Equal(1, error.Count(static letter => letter == '\n'));
        Assert.StartsWith("eit: ", error, StringComparison.Ordinal);
        Assert.Contains(path, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_byte_order_mark_is_no_part_of_a_configuration()
    {
        string path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, """{"serverName":"x"}""", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));

        (_, _, string error) = await Tool.RunAsync("serve", "--config", path, "--check");
        File.Delete(path);

        Assert.Contains("endpoints: there is none", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_goes_on_when_it_is_told_to_reload_a_configuration_that_is_not_clean()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        string path = stage.In("eit.json");
        string good = """{"endpoints":["/echo=echo"],"listen":["127.0.0.1:0"],"certificate":"cert.pem","tokens":"tokens.txt","control":"control/socket"}""";
        await File.WriteAllTextAsync(path, good);
        await stage.ServeExactlyAsync("serve", "--config", path);

        await File.WriteAllBytesAsync(path, Encoding.Latin1.GetBytes(good.Replace("{\"end", "{\"serverName\":\"Bär\",\"end", StringComparison.Ordinal)));
        stage.Server.Signal("HUP");
        (int refused, _, string error) = await Tool.RunAsync("ctl", "reload", "--control", stage.Control);
        await File.WriteAllBytesAsync(stage.In("tokens.txt"), []);
        (int echoed, string back, _) = await stage.Connect("/echo", "--once").EndAsync("hello\n");
        await File.WriteAllTextAsync(path, good);
        await File.WriteAllTextAsync(stage.In("tokens.txt"), "# nobody\n");
        (int taken, _, _) = await Tool.RunAsync("ctl", "reload", "--control", stage.Control);

        Assert.Equal((1, 0, 0), (refused, echoed, taken));
        Assert.Contains("is not UTF-8", error, StringComparison.Ordinal);
        Assert.Equal("hello\n", back);
    }

    [Fact]
    public void The_text_of_the_log_is_one_line_in_which_nobody_s_words_steer_a_terminal()
    {
        using var written = new StringWriter();
        var entry = new LogEntry<string>(LogLevel.Warning, "Eit.Server", new EventId(7), "said \u001b[2J\r\nfail: forged\u202e\u009b", exception: null, static (state, _) => state);

        new ServeFormatter(TimeProvider.System).Write(in entry, scopeProvider: null, written);

        Assert.EndsWith("Z warn: Eit.Server[7] said \\u001B[2J fail: forged\\u202E\\u009B\n", written.ToString(), StringComparison.Ordinal);
    }
}
