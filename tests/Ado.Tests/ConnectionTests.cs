using System.Data;
using System.Data.Common;
using System.Transactions;
using Broker.Ado.Tests.Comparing;
using Broker.Client.Ado;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class ConnectionTests
{
    [Fact]
    public Task A_connection_is_opened_and_closed() => Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        var connection = source.CreateConnection();
        connection.StateChange += (_, change) => seen.Add((change.OriginalState, change.CurrentState));
        seen.Add(connection.State);
        connection.Open();
        seen.Try("again", connection.Open);
        seen.Add(connection.State);
        connection.Close();
        connection.Close();
        await connection.OpenAsync();
        await seen.TryAsync("again", connection.OpenAsync);
        await connection.CloseAsync();
        await connection.OpenAsync();
        await connection.DisposeAsync();
        seen.Add(connection.State);
    });

    [Fact]
    public Task A_connection_is_disposed_more_than_once() => Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        var connection = await source.OpenConnectionAsync();
        connection.Dispose();
        connection.Dispose();
        await connection.DisposeAsync();
        seen.Add(connection.State);
        seen.Try("command", () => connection.Command("select 1").ExecuteScalar());
        seen.Try("transaction", () => connection.BeginTransaction());
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_reader_is_closed_with_its_connection(bool inTransaction) => Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        await using var connection = await source.OpenConnectionAsync();
        _ = inTransaction ? await connection.BeginTransactionAsync() : null;
        var reader = await connection.Command("select 1 union all select 2").ExecuteReaderAsync();
        seen.Add(reader.Read());
        await connection.CloseAsync();
        seen.Add((reader.IsClosed, connection.State));
        seen.Try("read", () => reader.Read());
        seen.Try("value", () => reader.GetInt32(0));
        await reader.DisposeAsync();
        await connection.OpenAsync();
        seen.Add(await connection.ScalarAsync("select 3"));
    });

    [Fact]
    public Task Differs_a_token_that_has_fired_opens_nothing() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await connection.CloseAsync();
            await seen.TryAsync("open", () => connection.OpenAsync(new CancellationToken(canceled: true)));
        }, ["open: \"done\""], ["open: TaskCanceledException"]);

    [Fact]
    public Task A_closed_connection_does_nothing() => Compare.SameAsync((DbDataSource source, Seen seen) =>
    {
        using var connection = source.CreateConnection();
        seen.Try("transaction", () => connection.BeginTransaction());
        seen.Try("version", () => connection.ServerVersion);
        seen.Try("database", () => connection.ChangeDatabase("x"));
        using var command = connection.CreateCommand();
        seen.Add((command.Connection == connection, connection.CanCreateBatch));
        return Task.CompletedTask;
    });

    [Fact]
    public Task The_server_has_a_version() => Compare.Same((connection, seen) => seen.Add(connection.ServerVersion.Length > 1));

    [Fact]
    public async Task A_connection_changes_its_database()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var connection = source.OpenConnection();
        var before = await connection.ScalarAsync("select current_database()");
        await connection.ChangeDatabaseAsync("other");
        Assert.Equal("other", connection.Database);
        Assert.NotEqual(before, await connection.ScalarAsync("select current_database()"));
        await using (connection.BeginTransaction())
        {
            Assert.NotEqual(before, await connection.ScalarAsync("select current_database()"));
            Assert.Throws<InvalidOperationException>(() => connection.ChangeDatabase("shop"));
        }
    }

    [Fact]
    public async Task A_data_source_says_which_database_it_is_and_its_connections_take_no_other_string()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var connection = source.CreateConnection();
        Assert.Equal(("Database=shop", "Database=shop", "shop"),
            (source.ConnectionString, connection.ConnectionString, connection.Database));
        connection.ConnectionString = "Database=shop";
        Assert.Throws<NotSupportedException>(() => connection.ConnectionString = "Host=elsewhere");
    }

    [Fact]
    public async Task Code_that_knows_no_provider_finds_its_factory()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var any = source.OpenConnection();
        var factory = DbProviderFactories.GetFactory(any)!;
        await using var connection = factory.CreateConnection()!;
        await using var command = factory.CreateCommand()!;
        await connection.OpenAsync();
        command.Connection = connection;
        command.CommandText = "select @a";
        var parameter = factory.CreateParameter()!;
        (parameter.ParameterName, parameter.Value) = ("a", 5);
        command.Parameters.Add(parameter);
        Assert.Equal(5, await command.ExecuteScalarAsync());
        Assert.Same(source, factory.CreateDataSource("Database=shop"));
        Assert.Throws<NotSupportedException>(() => factory.CreateDataSource("Database=elsewhere"));
    }

    [Fact]
    public async Task Differs_an_ambient_transaction_is_refused()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var connection = source.CreateConnection();
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            Assert.Throws<NotSupportedException>(connection.Open);
            using (new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled))
            {
                connection.Open();
            }
            Assert.Throws<NotSupportedException>(() => connection.EnlistTransaction(Transaction.Current));
        }
        Assert.Equal(ConnectionState.Open, connection.State);
    }

    [Fact]
    public async Task Differs_what_has_no_connection_is_refused_in_an_ambient_transaction()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand("insert into people values (220, 'unwanted')");
        await using var batch = source.CreateBatch();
        batch.BatchCommands.Add(new BrokerBatchCommand("insert into people values (221, 'unwanted')"));
        using (new TransactionScope(TransactionScopeAsyncFlowOption.Enabled))
        {
            await Assert.ThrowsAsync<NotSupportedException>(() => command.ExecuteNonQueryAsync());
            Assert.Throws<NotSupportedException>(() => command.ExecuteReader());
            await Assert.ThrowsAsync<NotSupportedException>(() => batch.ExecuteNonQueryAsync());
            Assert.Throws<NotSupportedException>(() => batch.ExecuteScalar());
            using (new TransactionScope(TransactionScopeOption.Suppress, TransactionScopeAsyncFlowOption.Enabled))
            {
                await using var outside = source.CreateCommand("select count(*) from people where id between 220 and 229");
                Assert.Equal(0L, await outside.ExecuteScalarAsync());
            }
        }
    }

    [Fact]
    public async Task Differs_nothing_of_a_session_is_kept_between_statements()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var connection = source.OpenConnection();
        await connection.RunAsync("select set_config('app.mine', 'kept', false), pg_advisory_lock(4711)");
        Assert.Equal("", await connection.ScalarAsync("select coalesce(current_setting('app.mine', true), '')"));
        await Waits.UntilAsync("select count(*) = 0 from pg_locks where locktype = 'advisory' and objid = 4711", "the lock stayed");
    }

    [Fact]
    public async Task Any_number_of_threads_use_a_data_source()
    {
        var source = (await Sides.BothAsync()).Broker;
        var sums = await Task.WhenAll(Enumerable.Range(0, 64).Select(async n =>
        {
            await using var connection = await source.OpenConnectionAsync();
            return (int)(await connection.ScalarAsync("select @n + 1", ("n", n)))!;
        }));
        Assert.Equal(Enumerable.Range(1, 64), sums);
    }

    [Fact]
    public async Task A_view_of_the_client_brings_its_settings_along()
    {
        var sides = await Sides.BothAsync();
        var view = sides.Client.With(new Broker.Client.Protocol.Values.CallerContext
            { Settings = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("app.tenant", "7") });
        await using var source = new BrokerDataSource(view, "shop");
        await using var connection = source.OpenConnection();
        Assert.Equal("7", await connection.ScalarAsync("select current_setting('app.tenant')"));
        await using var transaction = connection.BeginTransaction();
        Assert.Equal("7", await connection.ScalarAsync("select current_setting('app.tenant')"));
    }

    [Fact]
    public async Task A_key_for_one_statement_makes_no_data_source()
    {
        var client = (await Sides.BothAsync()).Client;
        Assert.Throws<ArgumentException>(() => new BrokerDataSource(client.WithIdempotencyKey("once"), "shop"));
    }

    [Fact]
    public async Task Threads_of_the_pool_may_all_wait_at_once()
    {
        var source = (await Sides.BothAsync()).Broker;
        var callers = Enumerable.Range(0, 64).Select(i => Task.Run(() =>
        {
            using var command = source.CreateCommand($"select {i}");
            return command.ExecuteScalar();
        }));
        Assert.Equal(Enumerable.Range(0, 64).Cast<object?>(), await Task.WhenAll(callers).WaitAsync(TimeSpan.FromSeconds(20)));
    }
}
