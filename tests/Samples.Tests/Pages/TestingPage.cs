using Broker.Client;
using Broker.Postgres;
using Npgsql;

namespace Broker.Samples.Tests.Pages.Testing;

/// <summary>The code under test of docs/testing.md, whose test runs here as it stands there.</summary>
/// <param name="broker">What it uses.</param>
public sealed class Shipping(BrokerClient broker)
{
    public async Task ShipPaidAsync() => await broker.ExecuteAsync("shop", $"update orders set state = 'shipped' where state = 'paid'");
}

public sealed class Order
{
    public int Id { get; set; }

    public string State { get; set; } = "";
}

/// <summary>Stands for the settings that the page's test reads from a file beside it: they name a new database.</summary>
internal static class File
{
#pragma warning disable VSTHRD002 // the page reads a file here, which waits too
    internal static string ReadAllText(string name) => Task.Run(SettingsAsync).GetAwaiter().GetResult();
#pragma warning restore VSTHRD002

    private static async Task<string> SettingsAsync()
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        await using var server = NpgsqlDataSource.Create(database);
        await using var schema = server.CreateCommand("create table orders (id int primary key, state text not null)");
        await schema.ExecuteNonQueryAsync();
        return $"broker.databases.shop {{ connection-string = \"{database}\" }}";
    }
}
