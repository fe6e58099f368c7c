using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Clients.Tests.Reaching;
using Xunit;

namespace Broker.Clients.Tests.OnPgbench;

public sealed partial class PgbenchTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("broker-pgbench-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory, Through(Keeping.Transaction)]
    public async Task It_makes_its_tables_and_copies_its_rows_in(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);

        await LoadAsync(endpoint, "dtgvp");

        Assert.Equal(100_000, await NumberAsync(endpoint, "select count(*) from pgbench_accounts"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Every_protocol_reads_what_is_there(string name)
    {
        var endpoint = await LoadedAsync(name);

        foreach (var protocol in (string[])["simple", "extended", "prepared"])
        {
            Assert.Equal(800, await RunAsync(endpoint, ["--select-only", $"--protocol={protocol}", .. Of(16, 50)]));
        }
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task Every_protocol_moves_money_and_none_is_lost(string name)
    {
        var endpoint = await LoadedAsync(name);

        // Prepared: it prepares a statement at its first use, and waits for that with all its clients: those that are in a transaction then
        // hold the server connections that this one may wait for.
        foreach (var (protocol, clients) in ((string, int)[])[("simple", 16), ("extended", 16), ("prepared", 4)])
        {
            Assert.Equal(320, await RunAsync(endpoint, ["--builtin=tpcb-like", $"--protocol={protocol}", .. Of(clients, 320 / clients)]));
        }

        Assert.Equal(960, await NumberAsync(endpoint, "select count(*) from pgbench_history"));
        var moved = await NumberAsync(endpoint, "select sum(delta) from pgbench_history");
        foreach (var (table, column) in new[] { ("accounts", "abalance"), ("tellers", "tbalance"), ("branches", "bbalance") })
        {
            Assert.Equal(moved, await NumberAsync(endpoint, $"select sum({column}) from pgbench_{table}"));
        }
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_rate_is_kept(string name)
    {
        var endpoint = await LoadedAsync(name);

        Assert.Equal(200, await RunAsync(endpoint, ["--select-only", "--rate=400", .. Of(4, 50)]));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_connection_for_each_transaction_is_let_in_each_time(string name)
    {
        var endpoint = await LoadedAsync(name);

        Assert.Equal(200, await RunAsync(endpoint, ["--select-only", "--connect", .. Of(8, 25)]));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task Scripts_with_savepoints_and_COPY_do_what_they_say(string name)
    {
        var endpoint = await LoadedAsync(name);
        var script = await WriteAsync("""
            \set aid random(1, 100000)
            begin;
            savepoint before;
            update pgbench_accounts set abalance = abalance + 1000 where aid = :aid;
            rollback to savepoint before;
            update pgbench_accounts set abalance = abalance + 1 where aid = :aid;
            release savepoint before;
            copy (select 1) to '/dev/null';
            end;
            copy (select 2) to '/dev/null';
            """);

        foreach (var protocol in (string[])["simple", "extended", "prepared"])
        {
            Assert.Equal(80, await RunAsync(endpoint, [$"--file={script}", $"--protocol={protocol}", .. Of(8, 10)]));
        }

        Assert.Equal(240, await NumberAsync(endpoint, "select sum(abalance) from pgbench_accounts"));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task Pipelines_are_answered_in_their_order(string name)
    {
        var endpoint = await LoadedAsync(name);
        var script = await WriteAsync("""
            \set aid random(1, 100000)
            \startpipeline
            select abalance from pgbench_accounts where aid = :aid;
            begin;
            update pgbench_accounts set abalance = abalance + 1 where aid = :aid;
            select abalance from pgbench_accounts where aid = :aid;
            commit;
            \endpipeline
            """);

        foreach (var protocol in (string[])["extended", "prepared"])
        {
            Assert.Equal(80, await RunAsync(endpoint, [$"--file={script}", $"--protocol={protocol}", .. Of(8, 10)]));
        }

        Assert.Equal(160, await NumberAsync(endpoint, "select sum(abalance) from pgbench_accounts"));
    }

    private static async Task<Endpoint> LoadedAsync(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        await LoadAsync(endpoint.Server, "dtGvp");
        return endpoint;
    }

    private static async Task LoadAsync(Endpoint endpoint, string steps) =>
        (await ClientProgram.RunAsync(
            endpoint, ClientProgram.Find("pgbench"), ["--initialize", $"--init-steps={steps}", "--quiet", "--scale=1"])).Succeeded();

    private static string[] Of(int clients, int transactions) =>
        [$"--client={clients}", $"--jobs={Math.Min(clients, 2)}", $"--transactions={transactions}"];

    /// <summary>How many transactions it made; none may have failed.</summary>
    private static async Task<int> RunAsync(Endpoint endpoint, string[] words)
    {
        var ran = await ClientProgram.RunAsync(endpoint, ClientProgram.Find("pgbench"), ["--no-vacuum", .. words]);
        var said = ran.Succeeded();
        Assert.DoesNotContain("error", ran.Errors, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("number of failed transactions: 0 ", said, StringComparison.Ordinal);
        return int.Parse(Processed().Match(said).Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    private static async Task<long> NumberAsync(Endpoint endpoint, string query) => (long)(await endpoint.AtServerAsync(query))!;

    private async Task<string> WriteAsync(string script)
    {
        var file = Path.Combine(_folder.FullName, "script.sql");
        await File.WriteAllTextAsync(file, script);
        return file;
    }

    [GeneratedRegex("number of transactions actually processed: ([0-9]+)")]
    private static partial Regex Processed();
}
