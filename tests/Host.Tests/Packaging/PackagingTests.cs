using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Broker.Configuration;
using Broker.Host.Tests.Serving;
using Xunit;

namespace Broker.Host.Tests.Packaging;

/// <summary>What is in packaging/ names files, options and settings; they must be there.</summary>
public sealed partial class PackagingTests
{
    private static readonly string Root = FindRoot();
    private static readonly string Service = File.ReadAllText(Path.Combine(Root, "packaging", "brokerd.service"));
    private static readonly string Dockerfile = File.ReadAllText(Path.Combine(Root, "packaging", "Dockerfile"));
    private static readonly string Readme = File.ReadAllText(Path.Combine(Root, "packaging", "README.md"));

    [Fact]
    public async Task The_service_and_the_container_start_brokerd_with_words_that_it_understands()
    {
        var service = Value(Service, "ExecStart").Split(' ')[1..];
        var container = Words(Value(Dockerfile, "ENTRYPOINT"))[2..].Concat(Words(Value(Dockerfile, "CMD"))).ToArray();

        Assert.Equal(service, container);
        // On this machine it finds no such file, which it says only when it has understood the words.
        using var brokerd =
            Brokerd.Start([.. service.Select(word => word.Replace("/etc/brokerd/", "/nowhere/", StringComparison.Ordinal))]);
        Assert.Equal(2, await brokerd.EndAsync());
        Assert.Contains("/nowhere/brokerd.conf", brokerd.Said, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_start_the_program_that_the_host_is_built_to()
    {
        var name = Property("src/Host/Host.csproj", "AssemblyName");

        Assert.Equal(name, Path.GetFileName(Value(Service, "ExecStart").Split(' ')[0]));
        Assert.Equal(["dotnet", $"/app/{name}.dll"], Words(Value(Dockerfile, "ENTRYPOINT"))[..2]);
    }

    [Fact]
    public void The_container_is_built_of_files_that_are_there_for_the_framework_they_ask_for()
    {
        var copied = Lines(Dockerfile, "COPY").Where(line => !line.StartsWith("--", StringComparison.Ordinal))
            .SelectMany(line => line.Split(' ')[..^1]).ToArray();

        Assert.Contains("src", copied);
        Assert.All(copied, path => Assert.True(Path.Exists(Path.Combine(Root, path)), path));
        var version = Property("Directory.Build.props", "TargetFramework")["net".Length..];
        Assert.All(Lines(Dockerfile, "FROM"), image => Assert.Contains($":{version}", image, StringComparison.Ordinal));
        Assert.All(Published().Matches(Dockerfile + Readme),
            project => Assert.True(File.Exists(Path.Combine(Root, project.Groups[1].Value)), project.Value));
    }

    [Fact]
    public void The_container_runs_without_rights() => Assert.Equal("$APP_UID", Value(Dockerfile, "USER"));

    [Fact]
    public void The_service_manager_waits_longer_than_the_sample_lets_the_broker_drain()
    {
        var shutdown = BrokerSettings.Load(Path.Combine(Root, "hocon", "brokerd.conf")).Shutdown;
        var limit = TimeSpan.FromSeconds(int.Parse(Value(Service, "TimeoutStopSec").TrimEnd('s')));

        Assert.True(limit > shutdown.DrainTimeout + shutdown.CloseTimeout, $"{limit}");
    }

    [Fact]
    public void The_service_reloads_by_the_signal_that_brokerd_reloads_by() =>
        Assert.EndsWith("kill -HUP $MAINPID", Value(Service, "ExecReload"), StringComparison.Ordinal);

    [Fact]
    public void The_page_and_the_samples_name_settings_and_files_that_are_there()
    {
        var reference = BrokerSettings.Reference;

        Assert.All(Setting().Matches(Readme + Dockerfile + Service), named => Assert.True(reference.HasPath(named.Value), named.Value));
        Assert.All(Linked().Matches(Readme),
            link => Assert.True(File.Exists(Path.Combine(Root, "packaging", link.Groups[1].Value)), link.Value));
    }

    [Fact]
    public async Task The_service_is_one_that_systemd_understands()
    {
        if (!File.Exists("/usr/bin/systemd-analyze"))
        {
            return; // nothing here could say so
        }
        var folder = Directory.CreateTempSubdirectory("brokerd-unit-");
        var unit = Path.Combine(folder.FullName, "brokerd.service");
        await File.WriteAllTextAsync(unit, Service.Replace("/opt/brokerd/brokerd", "/bin/true", StringComparison.Ordinal));
        using var verify =
            Process.Start(new ProcessStartInfo("/usr/bin/systemd-analyze", ["verify", unit]) { RedirectStandardError = true })!;
        var said = await verify.StandardError.ReadToEndAsync();
        await verify.WaitForExitAsync();
        folder.Delete(recursive: true);

        Assert.DoesNotContain("brokerd.service:", said, StringComparison.Ordinal);
    }

    private static string Value(string text, string key) => Assert.Single(Lines(text, key));

    /// <summary>What stands behind a key at the beginning of a line: `Key=value`, or `KEY value`.</summary>
    private static IEnumerable<string> Lines(string text, string key) => text.Split('\n')
        .Where(line => line.StartsWith(key + "=", StringComparison.Ordinal) || line.StartsWith(key + " ", StringComparison.Ordinal))
        .Select(line => line[(key.Length + 1)..]);

    private static string[] Words(string list) => System.Text.Json.JsonSerializer.Deserialize<string[]>(list)!;

    private static string Property(string file, string name) => XDocument.Load(Path.Combine(Root, file)).Descendants(name).First().Value;

    private static string FindRoot([CallerFilePath] string here = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../.."));

    [GeneratedRegex("dotnet publish ([^ ]+)")]
    private static partial Regex Published();

    [GeneratedRegex(@"broker(\.[a-z-]+){2,}")]
    private static partial Regex Setting();

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Linked();
}
