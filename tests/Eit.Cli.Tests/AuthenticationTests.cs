using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.BearerToken;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Eit.Cli.Tests;

public class AuthenticationTests
{
    private const string BearerScheme = BearerTokenDefaults.AuthenticationScheme;

    [Fact]
    public async Task A_certificate_of_the_authority_is_let_in_by_its_common_name_and_one_of_another_is_not()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        using X509Certificate2 authority = MakeAuthority("authority");
        using X509Certificate2 stranger = MakeAuthority("stranger");
        await File.WriteAllTextAsync(stage.In("ca.pem"), authority.ExportCertificatePem());
        await File.WriteAllTextAsync(stage.In("grace.pem"), MakeClient(authority, "grace"));
        await File.WriteAllTextAsync(stage.In("mallory.pem"), MakeClient(stranger, "grace"));
        await stage.ServeAsync("--client-authorities", stage.In("ca.pem"));
        string url = stage.Url("/eit");
        string[] pin = ["--certificate-sha256", stage.CertificateSha256];

        EitProcess grace = stage.Start(environment: null, ["connect", url, "--client-certificate", stage.In("grace.pem"), .. pin]);
        await grace.SaysAsync("eit: connected");
        JsonNode connections = JsonNode.Parse((await Tool.RunAsync("ctl", "connections", "--json", "--control", stage.Control)).Output)!;
        (int plain, string output, _) = await stage.Start(environment: null, ["connect", stage.Url("/echo"), "--plain", "--once", "--client-certificate", stage.In("grace.pem"), .. pin]).EndAsync("hello\n");
        (int mallory, _, _) = await stage.Start(environment: null, ["connect", url, "--plain", "--client-certificate", stage.In("mallory.pem"), .. pin]).EndAsync();
        (int nobody, _, string error) = await stage.Start(environment: null, ["connect", url, .. pin]).EndAsync();
        (int token, _, _) = await stage.Connect("/eit").EndAsync("x\n");
        (int doctor, string findings, _) = await Tool.RunAsync(["doctor", url, "--timeout", "300", "--client-certificate", stage.In("grace.pem"), .. pin]);

        Assert.Equal("grace", (string)connections[0]!["user"]!);
        Assert.Equal((0, "hello\n"), (plain, output));
        Assert.Equal((1, 1, 0), (mallory, nobody, token));
        Assert.True(doctor == 0, findings);
        Assert.Contains("HTTP 401", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bearer_token_that_an_application_has_issued_with_the_same_keys_is_let_in_and_an_expired_one_is_not()
    {
        await using ServeStage stage = await ServeStage.MakeAsync();
        Directory.CreateDirectory(stage.In("keys"));
        string good = Issue(stage.In("keys"), "shop", "heidi", TimeSpan.FromMinutes(5));
        string old = Issue(stage.In("keys"), "shop", "heidi", TimeSpan.FromMinutes(-5));
        string foreign = Issue(stage.In("keys"), "other", "heidi", TimeSpan.FromMinutes(5));
        await stage.ServeAsync("--bearer-keys", stage.In("keys"), "--bearer-application", "shop");

        async Task<int> Try(string token) => (await stage.Start(new() { ["EIT_TOKEN"] = token }, "connect", stage.Url("/eit"), "--certificate-sha256", stage.CertificateSha256).EndAsync("x\n")).ExitCode;
        int[] exitCodes = [await Try(good), await Try(old), await Try(foreign), await Try(stage.Token)];

        Assert.Equal([0, 1, 1, 0], exitCodes);
    }

    [Theory]
    [InlineData("--bearer-keys", "/no/such/folder", "bearerKeys: /no/such/folder does not exist.")]
    [InlineData("--client-authorities", "/no/such/file", "clientAuthorities: /no/such/file can't be used")]
    public async Task Files_of_authentication_that_are_missing_are_named(string option, string value, string says)
    {
        (int exitCode, _, string error) = await Tool.RunAsync("serve", "--check", "--dev-certificate", "--endpoints", "/a=echo", option, value);

        Assert.Equal(2, exitCode);
        Assert.Contains(says, error, StringComparison.Ordinal);
    }

    private static string Issue(string folder, string application, string user, TimeSpan life)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddDataProtection().SetApplicationName(application).PersistKeysToFileSystem(new DirectoryInfo(folder));
        services.AddAuthentication().AddBearerToken();
        using ServiceProvider provider = services.BuildServiceProvider();
        BearerTokenOptions options = provider.GetRequiredService<IOptionsMonitor<BearerTokenOptions>>().Get(BearerScheme);
        var principal = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.NameIdentifier, user)], BearerScheme));
        return options.BearerTokenProtector.Protect(new AuthenticationTicket(principal, new AuthenticationProperties { ExpiresUtc = TimeProvider.System.GetUtcNow() + life }, $"{BearerScheme}:AccessToken"));
    }

    private static X509Certificate2 MakeAuthority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }

    private static string MakeClient(X509Certificate2 authority, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.Create(authority, now.AddHours(-1), now.AddDays(1), RandomNumberGenerator.GetBytes(8));
        return $"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
    }
}
