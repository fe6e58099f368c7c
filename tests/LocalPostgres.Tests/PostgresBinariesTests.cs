using Broker.Tests.Platforms;

namespace Broker.Postgres.Tests;

public sealed class PostgresBinariesTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("broker-binaries-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_newest_version_of_an_install_folder_is_taken_by_number_not_by_letters()
    {
        Install("lib/9.6/bin");
        Install("lib/16/bin");
        Install("lib/15/bin");

        Assert.Equal(At("lib/16/bin"), Find(path: "", "lib/*/bin").Folder);
    }

    [Fact]
    public void Versions_may_be_part_of_a_name_and_programs_directly_below()
    {
        Install("postgresql@16");
        Install("postgresql@17");

        Assert.Equal(At("postgresql@17"), Find(path: "", "postgresql*").Folder);
    }

    [Fact]
    public void A_folder_on_PATH_goes_before_the_install_folders()
    {
        Install("mine");
        Install("lib/16/bin");

        Assert.Equal(At("mine"), Find(path: At("absent") + Path.PathSeparator + At("mine"), "lib/*/bin").Folder);
    }

    [UnixFact]
    public void A_link_on_PATH_leads_to_the_real_installation()
    {
        Install("lib/16/bin");
        Directory.CreateDirectory(At("links"));
        File.CreateSymbolicLink(At("links/initdb"), At("lib/16/bin/initdb"));

        Assert.Equal(At("lib/16/bin"), Find(path: At("links"), "none/*").Folder);
    }

    [UnixFact]
    public void A_link_that_leads_nowhere_is_passed_over()
    {
        Install("lib/16/bin");
        Directory.CreateDirectory(At("links"));
        File.CreateSymbolicLink(At("links/initdb"), At("gone/initdb"));

        Assert.Equal(At("lib/16/bin"), Find(path: At("links"), "lib/*/bin").Folder);
    }

    [Fact]
    public void A_client_installation_is_no_server()
    {
        Install("lib/16/bin");
        File.Delete(new PostgresBinaries(At("lib/16/bin")).Server);

        Assert.Throws<PostgresNotInstalledException>(() => Find(path: "", "lib/*/bin"));
    }

    [Fact]
    public void Without_an_installation_the_failure_names_the_places_a_command_and_the_variable()
    {
        var failure = Assert.Throws<PostgresNotInstalledException>(() => Find(path: "", "lib/*/bin"));

        Assert.Contains(At("lib/*/bin"), failure.Message, StringComparison.Ordinal);
        Assert.Contains("install", failure.Message, StringComparison.Ordinal);
        Assert.Contains(PostgresBinaries.FolderVariable, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_variable_decides_alone()
    {
        Install("named");
        Install("lib/16/bin");

        Assert.Equal(At("named"),
            PostgresBinaries.Find(name => name == PostgresBinaries.FolderVariable ? At("named") : null, [At("lib/*/bin")]).Folder);
        var wrong = Assert.Throws<PostgresNotInstalledException>(
            () => PostgresBinaries.Find(name => name == PostgresBinaries.FolderVariable ? At("absent") : null, [At("lib/*/bin")]));
        Assert.Contains(At("absent"), wrong.Message, StringComparison.Ordinal);
    }

    private PostgresBinaries Find(string path, string pattern) =>
        PostgresBinaries.Find(name => name == "PATH" ? path : null, [At(pattern)]);

    private string At(string relative) => Path.Combine(_root, relative);

    private void Install(string folder)
    {
        var binaries = new PostgresBinaries(Directory.CreateDirectory(At(folder)).FullName);
        foreach (var program in new[] { binaries.Initdb, binaries.PgCtl, binaries.Server })
        {
            File.WriteAllText(program, "");
        }
    }
}
