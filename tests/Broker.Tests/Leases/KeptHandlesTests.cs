using Broker.Postgres;
using Broker.Tests.Pools.Server;
using Npgsql;
using Xunit;

namespace Broker.Tests.Leases;

/// <summary>
/// What a holder keeps beside the connection (readers, transactions, streams) is as dead after the return as the connection.
/// </summary>
public sealed class KeptHandlesTests : IAsyncLifetime
{
    private string _database = "";

    public async Task InitializeAsync() => _database = await SharedPostgres.CreateDatabaseAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_reader_that_is_kept_does_not_read_what_the_next_holder_asks_for()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        NpgsqlDataReader kept;
        await using (var lease = await broker.LeaseAsync())
        {
            var command = new NpgsqlCommand("select * from generate_series(1, 100000)", lease.Connection);
            kept = await command.ExecuteReaderAsync();
            Assert.True(await kept.ReadAsync());
        }

        await using var next = await broker.LeaseAsync();
        await using var other = new NpgsqlCommand("select 'secret' from generate_series(1, 3)", next.Connection);
        await using var reader = await other.ExecuteReaderAsync();
        Assert.NotSame(kept, reader);
        try
        {
            if (await kept.ReadAsync())
            {
                Assert.NotEqual("secret", kept.GetValue(0));
            }
        }
        catch (Exception refused) when (refused is InvalidOperationException or NpgsqlException)
        {
            // dead, as it should be
        }
        var rows = 0;
        while (await reader.ReadAsync())
        {
            rows++;
        }
        Assert.Equal(3, rows);
    }

    [Fact]
    public async Task A_reader_that_was_read_to_its_end_and_is_kept_does_not_read_what_the_next_holder_asks_for()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        NpgsqlDataReader kept;
        await using (var lease = await broker.LeaseAsync())
        {
            var command = new NpgsqlCommand("select 1", lease.Connection);
            kept = await command.ExecuteReaderAsync();
            while (await kept.ReadAsync())
            {
            }
        }

        await using var next = await broker.LeaseAsync();
        await using var other = new NpgsqlCommand("select 'secret' from generate_series(1, 3)", next.Connection);
        await using var reader = await other.ExecuteReaderAsync();
        Assert.NotSame(kept, reader);
        await kept.DisposeAsync();
        var rows = 0;
        while (await reader.ReadAsync())
        {
            rows++;
        }
        Assert.Equal(3, rows);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_transaction_that_is_kept_does_not_end_the_next_holders(bool ended, bool disposes)
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await broker.Client.ExecuteAsync("orders", $"create table kept (id int)");
        NpgsqlTransaction kept;
        await using (var lease = await broker.LeaseAsync())
        {
            kept = await lease.Connection.BeginTransactionAsync();
            await lease.ScalarAsync("insert into kept values (1)");
            if (ended)
            {
                await kept.CommitAsync();
                await kept.DisposeAsync();
            }
        }

        await using var next = await broker.LeaseAsync();
        await using (var transaction = await next.Connection.BeginTransactionAsync())
        {
            await next.ScalarAsync("insert into kept values (2)");
            Assert.NotSame(kept, transaction);
            try
            {
                await (disposes ? kept.DisposeAsync().AsTask() : kept.RollbackAsync());
            }
            catch (InvalidOperationException)
            {
                // dead, as it should be
            }
            await transaction.CommitAsync();
        }

        Assert.Equal(1L, await next.ScalarAsync("select count(*) from kept where id = 2"));
    }

    [Fact]
    public async Task A_copy_that_is_kept_does_not_write_into_what_the_next_holder_does()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        await broker.Client.ExecuteAsync("orders", $"create table copied (id int)");
        NpgsqlBinaryImporter kept;
        await using (var lease = await broker.LeaseAsync())
        {
            kept = await lease.Connection.BeginBinaryImportAsync("copy copied from stdin binary");
            await kept.StartRowAsync();
            await kept.WriteAsync(1);
        }

        await using var next = await broker.LeaseAsync();
        var running = next.ScalarAsync("select 7 from pg_sleep(0.05)");
        try
        {
            await kept.StartRowAsync();
            await kept.WriteAsync(2);
            await kept.CompleteAsync();
        }
        catch (Exception refused) when (refused is InvalidOperationException or NpgsqlException)
        {
            // dead, as it should be
        }
        Assert.Equal(7, await running);
        Assert.Equal(0L, await next.ScalarAsync("select count(*) from copied"));
    }

    [Fact]
    public async Task A_batch_and_a_command_that_are_kept_refuse_after_the_return()
    {
        await using var broker = Embedded.Start(_database, "size = 1, overflow = 0");
        NpgsqlCommand kept;
        NpgsqlBatch batch;
        await using (var lease = await broker.LeaseAsync())
        {
            kept = new NpgsqlCommand("select 1", lease.Connection);
            await kept.PrepareAsync();
            batch = new NpgsqlBatch(lease.Connection) { BatchCommands = { new("select 1") } };
        }

        await using var next = await broker.LeaseAsync();
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => kept.ExecuteScalarAsync());
        await Assert.ThrowsAnyAsync<InvalidOperationException>(() => batch.ExecuteScalarAsync());
        Assert.Equal(1, await next.ScalarAsync("select 1"));
    }
}
