using System.Xml.Linq;

namespace Broker.Architecture.Tests;

/// <summary>Host -> Broker -> Client -> PgWire, Broker -> PgWire; never back.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("Client", "PgWire")]
    [InlineData("PgWire", "")]
    [InlineData("LocalPostgres", "")]
    [InlineData("Broker", "Client, PgWire")]
    [InlineData("Host", "Broker, LocalPostgres")]
    public void A_project_refers_to_those_below_it_only(string project, string expected) =>
        Assert.Equal(expected, string.Join(", ", Declared(project, "ProjectReference").Select(Path.GetFileNameWithoutExtension).Order()));

    [Fact]
    public void Every_project_of_src_is_looked_at() =>
        Assert.Equal(
            Directory.EnumerateDirectories(Path.Combine(House.Root, "src")).Select(Path.GetFileName).Where(HasProject).Order(),
            House.Assemblies.Keys.Order());

    [Fact]
    public void The_client_knows_neither_Npgsql_nor_the_broker()
    {
        Assert.DoesNotContain("Npgsql", Declared("Client", "PackageReference"));
        Assert.DoesNotContain("Npgsql", References.AssembliesUsedBy(House.Assemblies["Client"]));
        Assert.DoesNotContain("Broker", References.AssembliesUsedBy(House.Assemblies["Client"]));
    }

    [Fact]
    public void The_protocol_codec_refers_to_nothing_but_the_base_library()
    {
        Assert.Empty(Declared("PgWire", "PackageReference"));
        Assert.Empty(Declared("PgWire", "FrameworkReference"));
        Assert.All(References.AssembliesUsedBy(House.Assemblies["PgWire"]),
            name => Assert.StartsWith("System.", name, StringComparison.Ordinal));
    }

    private static bool HasProject(string? folder) => File.Exists(Path.Combine(House.Root, "src", folder!, $"{folder}.csproj"));

    private static IEnumerable<string> Declared(string project, string kind) =>
        XDocument.Load(Path.Combine(House.Root, "src", project, $"{project}.csproj"))
            .Descendants(kind)
            .Select(reference => reference.Attribute("Include")!.Value.Replace('\\', '/'));
}
