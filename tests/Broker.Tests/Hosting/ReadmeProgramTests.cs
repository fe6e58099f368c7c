using System.Diagnostics;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Hosting;

/// <summary>The program of README.md, taken from the page and compiled by samples/ReadmeProgram.</summary>
public sealed class ReadmeProgramTests
{
    [Fact]
    public async Task The_program_of_the_readme_runs_to_its_end_and_says_what_it_promises()
    {
        var target = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        await using (var connection = new NpgsqlConnection(target.ConnectionString))
        {
            await connection.OpenAsync();
            await using var orders = new NpgsqlCommand(
                "create table orders (id int primary key, state text); insert into orders values (42, 'new')", connection);
            await orders.ExecuteNonQueryAsync();
        }

        var folder = Directory.CreateTempSubdirectory("broker-readme-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "shop.conf"),
                $"broker.databases.orders {{ connection-string = \"{target.ConnectionString}\" }}");
            using var program = Process.Start(new ProcessStartInfo("dotnet", [ProgramFile])
            {
                WorkingDirectory = folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            var output = program.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = program.StandardError.ReadToEndAsync(limit.Token);
            await program.WaitForExitAsync(limit.Token);
            Assert.True(program.ExitCode == 0, $"{await output}{await errors}");
            Assert.Contains("paid", (await output).Split('\n', StringSplitOptions.TrimEntries));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Beside this project's output: the same configuration, the same framework.</summary>
    private static string ProgramFile =>
        Path.Combine(AppContext.BaseDirectory, "ReadmeProgram.dll")
            .Replace($"tests{Path.DirectorySeparatorChar}Broker.Tests", $"samples{Path.DirectorySeparatorChar}ReadmeProgram",
                StringComparison.Ordinal);
}
