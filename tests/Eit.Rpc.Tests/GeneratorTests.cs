using System.Collections.Immutable;
using Eit.Rpc.Generators;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Eit.Rpc.Tests;

public sealed class GeneratorTests
{
    private static readonly CSharpParseOptions s_parse = new(LanguageVersion.Latest);

    [Theory]
    [InlineData("[RpcContract] public interface I { Task<T> Get<T>(); }", "EITRPC001")]
    [InlineData("[RpcContract] public interface I<T> { Task<T> Get(); }", "EITRPC001")]
    [InlineData("[RpcContract] public interface I { int Get(); }", "EITRPC002")]
    [InlineData("[RpcContract] public interface I { void Put(int x); }", "EITRPC002")]
    [InlineData("[RpcContract] public interface I { Task Put(ref int x); }", "EITRPC003")]
    [InlineData("[RpcContract] public interface I { Task Put(Action x); }", "EITRPC003")]
    [InlineData("[RpcContract] public interface I { Task Put(Span<int> x); }", "EITRPC003")]
    [InlineData("[RpcContract] public interface I { Task Put(CancellationToken a, CancellationToken b); }", "EITRPC003")]
    [InlineData("[RpcContract] public interface I { Task Put(int x); Task Put(string x); }", "EITRPC004")]
    [InlineData("[RpcContract] public interface I { Task Put(); Task PutAsync(); }", "EITRPC004")]
    [InlineData("[RpcContract] public interface I { int X { get; } }", "EITRPC005")]
    [InlineData("[RpcContract] public interface I { event Action X; }", "EITRPC005")]
    [InlineData("public class C { [RpcMethod] private int Get() => 1; }", "EITRPC006")]
    [InlineData("public class C { [RpcMethod] public static int Get() => 1; }", "EITRPC006")]
    [InlineData("public class C { private class D { [RpcMethod] public int Get() => 1; } }", "EITRPC006")]
    [InlineData("public class H : Eit.Server.EitHandler { [Authorize] public override ValueTask OnMessageAsync(Eit.Server.EitSession s, string m) => default; }", "EITRPC008")]
    [InlineData("public class H : Eit.Server.Channels.EitChannelHandler { [AllowAnonymous] public override ValueTask OnTimeoutAsync(string id) => default; }", "EITRPC008")]
    [InlineData("public class S : Eit.Rpc.RpcSession { [Authorize] public void Delete() { } }", "EITRPC008")]
    [InlineData("public class C { [Authorize] public void Delete() { } [RpcMethod] private int Get() => 1; }", "EITRPC008")]
    [InlineData("[RpcContract] public interface I { [Authorize(AuthenticationSchemes = \"Other\")] Task Put<T>(); }", "EITRPC009")]
    [InlineData("public class C { [Authorize(AuthenticationSchemes = \"Other\"), RpcMethod] private int Get() => 1; }", "EITRPC009")]
    public void What_can_not_be_called_is_an_error_and_generates_nothing(string code, string rule)
    {
        (ImmutableArray<Diagnostic> told, Compilation after) = Run(code);

        Assert.Contains(told, diagnostic => diagnostic.Id == rule && diagnostic.Severity == DiagnosticSeverity.Error && diagnostic.Location.GetLineSpan().Path == "Test.cs");
        Assert.Single(after.SyntaxTrees);
    }

    [Fact]
    public void What_is_generated_compiles_without_a_warning()
    {
        (ImmutableArray<Diagnostic> told, Compilation after) = Run(
            """
            namespace Deep.Down
            {
                public enum Color { Red, Green }
                public record Thing(string Name, Color Color);
                public interface IBase { Task<Thing?> Find(string name, Thing? near = null, Color color = Color.Green, double size = 1.5, char c = 'x', string text = "a\"b"); }
                [RpcContract] public interface I : IBase { ValueTask<int[]> @class(int @event, CancellationToken @in); IAsyncEnumerable<Thing> All(); [RpcMethod("other")] Task Find(); }
                public class Outer { public class Api { [RpcMethod] internal void Go() { } [RpcMethod] public ValueTask<Thing> Get(long? x) => default; [RpcMethod] public string Now(CancellationToken t) => ""; } }
            }
            """);

        Assert.Empty(told);
        Assert.Empty(after.GetDiagnostics().Where(static diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning));
        Assert.Equal(3, after.SyntaxTrees.Count());
    }

    [Theory]
    [InlineData("[RpcContract] public interface I { [Authorize(Roles = \"a\")] Task Put(); } public class C : I { [Authorize] public Task Put() => Task.CompletedTask; }")]
    [InlineData("[RpcContract] public interface I { Task Put(); } [Authorize] public class C : I { Task I.Put() => Task.CompletedTask; }")]
    [InlineData("[Authorize] public class C { [RpcMethod, AllowAnonymous] public void Put() { } }")]
    [InlineData("[Authorize(AuthenticationSchemes = \"Other\")] public class H : Eit.Server.EitHandler { }")]
    [InlineData("public class Page { [Authorize(AuthenticationSchemes = \"Other\")] public void Get() { } }")]
    public void An_attribute_that_can_count_where_it_stands_is_none(string code)
    {
        (ImmutableArray<Diagnostic> told, Compilation after) = Run(code);

        Assert.Empty(told);
        Assert.Empty(after.GetDiagnostics().Where(static diagnostic => diagnostic.Severity >= DiagnosticSeverity.Warning));
    }

    [Theory]
    [InlineData("[JsonSerializable(typeof(Thing))] partial class Json : JsonSerializerContext { }", false)]
    [InlineData("record Holder(Thing[] Things); [JsonSerializable(typeof(Holder))] partial class Json : JsonSerializerContext { }", false)]
    [InlineData("[JsonSerializable(typeof(string))] partial class Json : JsonSerializerContext { }", true)]
    [InlineData("", false)]
    public void A_type_that_no_context_of_the_project_has_is_told(string context, bool isTold)
    {
        (ImmutableArray<Diagnostic> told, _) = Run($"public record Thing(string Name); [RpcContract] public interface I {{ Task Put(Thing thing, int number); }} {context}");

        Assert.Equal(isTold ? ["EITRPC007"] : [], told.Select(static diagnostic => diagnostic.Id));
    }

    [Fact]
    public void An_edit_elsewhere_generates_nothing_anew()
    {
        Compilation before = Compile("[RpcContract] public interface I { Task Put(int x); }");
        GeneratorDriver driver = Driver().RunGenerators(before);

        GeneratorDriverRunResult again = driver.RunGenerators(before.AddSyntaxTrees(CSharpSyntaxTree.ParseText("class Elsewhere { }", s_parse))).GetRunResult();

        Assert.All(again.Results.Single().TrackedOutputSteps.SelectMany(static step => step.Value).SelectMany(static step => step.Outputs), static output =>
            Assert.True(output.Reason is IncrementalStepRunReason.Cached or IncrementalStepRunReason.Unchanged, $"{output.Reason}"));
    }

    private static CSharpGeneratorDriver Driver() => CSharpGeneratorDriver.Create(
        [new RpcGenerator().AsSourceGenerator()],
        parseOptions: s_parse,
        driverOptions: new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));

    private static (ImmutableArray<Diagnostic> Told, Compilation After) Run(string code)
    {
        Driver().RunGeneratorsAndUpdateCompilation(Compile(code), out Compilation after, out ImmutableArray<Diagnostic> told);
        return (told, after);
    }

    private static CSharpCompilation Compile(string code)
    {
        const string usings = "#nullable enable\nusing System; using System.Collections.Generic; using System.Text.Json.Serialization; using System.Threading; using System.Threading.Tasks; using Eit.Rpc; using Microsoft.AspNetCore.Authorization;\n";
        string[] paths = [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)];
        return CSharpCompilation.Create(
            "Test",
            [CSharpSyntaxTree.ParseText(usings + code, s_parse, path: "Test.cs")],
            paths.Select(static path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
    }
}
