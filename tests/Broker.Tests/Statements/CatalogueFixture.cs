using Broker.Postgres;
using Broker.Statements;
using Npgsql;
using Xunit;

namespace Broker.Tests.Statements;

/// <summary>A database with ordinary tables and with each trap that a transaction of several callers may step into.</summary>
public sealed class CatalogueFixture : IAsyncLifetime
{
    private NpgsqlDataSource _source = null!;

    internal NpgsqlConnection Connection { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _source = NpgsqlDataSource.Create(await SharedPostgres.CreateDatabaseAsync());
        Connection = await _source.OpenConnectionAsync();
        await RunAsync(CatalogueScripts.Ordinary);
        await RunAsync(CatalogueScripts.Traps);
        await RunAsync("set search_path = public, ext");
    }

    public async Task DisposeAsync()
    {
        await Connection.DisposeAsync();
        await _source.DisposeAsync();
    }

    /// <summary>Asks the catalogue until the text is decided.</summary>
    internal static async Task<StatementClass> ClassOfAsync(NpgsqlConnection connection, string sql, PackingTrust? trust = null)
    {
        var shape = StatementShape.Of(sql);
        var snapshot = CatalogueSnapshot.Empty;
        for (var round = 0; round < 8; round++)
        {
            switch (StatementClassifier.Classify(shape, snapshot, trust ?? PackingTrust.None))
            {
                case Classification.Decided decided:
                    return decided.Class;
                case Classification.NeedsCatalogue needs:
                    snapshot = snapshot.With(await CatalogueQueries.AskAsync(connection, needs.Missing, CancellationToken.None));
                    break;
            }
        }

        throw new InvalidOperationException($"not decided after 8 rounds: {sql}");
    }

    internal Task<StatementClass> ClassOfAsync(string sql, PackingTrust? trust = null) => ClassOfAsync(Connection, sql, trust);

    internal async Task RunAsync(string sql)
    {
        await using var command = new NpgsqlCommand(sql, Connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>A further connection with <paramref name="searchPath"/>.</summary>
    internal async Task<NpgsqlConnection> OpenAsync(string searchPath)
    {
        var connection = await _source.OpenConnectionAsync();
        await using var command = new NpgsqlCommand($"set search_path = {searchPath}", connection);
        await command.ExecuteNonQueryAsync();
        return connection;
    }
}
