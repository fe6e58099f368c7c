using Broker.Postgres;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Worker;
using Xunit;

namespace Broker.Samples.Tests;

/// <summary>The sample of background work.</summary>
public sealed class WorkerTests : IAsyncLifetime
{
    private const int Invoices = 100;

    private string _database = "";
    private NpgsqlDataSource _server = null!;

    public async Task InitializeAsync()
    {
        _database = await SharedPostgres.CreateDatabaseAsync();
        _server = NpgsqlDataSource.Create(_database);
        await using var schema = _server.CreateCommand(
            $"{Reminders.Schema}; insert into invoices (customer, reminded) select 'customer ' || n, n % 10 = 0 from generate_series(1, {Invoices}) n");
        await schema.ExecuteNonQueryAsync();
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Letters_come_in_the_order_of_their_invoices_and_none_is_written_again()
    {
        using var host = await StartAsync();

        var letters = await Reminders.WriteAsync(host.Services).ToListAsync();

        Assert.Equal(Enumerable.Range(1, Invoices).Where(static n => n % 10 != 0).Select(static n => (long)n),
            letters.Select(static letter => letter.InvoiceId));
        Assert.Empty(await Reminders.WriteAsync(host.Services).ToListAsync());
        await host.StopAsync();
    }

    [Fact]
    public async Task Of_several_workers_one_writes_each_letter()
    {
        using var one = await StartAsync();
        using var other = await StartAsync();

        var written = await Task.WhenAll(Reminders.WriteAsync(one.Services).ToListAsync().AsTask(),
            Reminders.WriteAsync(other.Services).ToListAsync().AsTask());

        Assert.Equal(90, written.Sum(static letters => letters.Count));
        await using var count = _server.CreateCommand("select count(distinct invoice_id) from letters");
        Assert.Equal(90L, await count.ExecuteScalarAsync());
        await Task.WhenAll(one.StopAsync(), other.StopAsync());
    }

    private async Task<IHost> StartAsync()
    {
        var host = Reminders.Build(["--ConnectionStrings:invoices", _database, "--Logging:LogLevel:Default", "None"]);
        await host.StartAsync();
        return host;
    }
}
