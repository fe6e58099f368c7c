using System.Net.Sockets;
using System.Text;
using Akka.Actor;
using Broker.Hosting;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>What overruns a limit is told so, with the name of the setting, and holds nobody else up.</summary>
public sealed class LimitsTests
{
    [Theory]
    [InlineData("query", "select pg_sleep(60)", "57014")]
    [InlineData("transaction", "begin", "25P04")]
    [InlineData("idle-in-transaction", "begin", "25P03")]
    [InlineData("client-idle", "select 1", "57P05")]
    public async Task An_overrun_ends_the_client_and_frees_its_link(string setting, string sql, string sqlState)
    {
        // it holds for all that is said at a login, too, and for who comes behind
        await using var door = await DoorStage.OpenAsync($"timeouts.{setting} = 2s", "size = 1, overflow = 0");
        await using var connection = await door.ConnectAsync(text => text.NoResetOnClose = true);
        await using var command = new NpgsqlCommand(sql, connection);

        var failure = await Assert.ThrowsAnyAsync<NpgsqlException>(async () =>
        {
            while (true)
            {
                await command.ExecuteNonQueryAsync();
                await connection.WaitAsync();
            }
        });

        Assert.Equal(sqlState, (failure as PostgresException ?? failure.InnerException as PostgresException)?.SqlState);
        Assert.Contains($"broker.gateway.timeouts.{setting}", failure.ToString(), StringComparison.Ordinal);
        await using var other = await door.ConnectAsync();
        await using var works = new NpgsqlCommand("select 1", other);
        Assert.Equal(1, await works.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Who_waits_too_long_for_a_link_is_told_how_many_there_are()
    {
        await using var door = await DoorStage.OpenAsync("timeouts.query-wait = 1s", "size = 1, overflow = 0");
        await using var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();
        var transaction = await first.BeginTransactionAsync();
        await using var command = new NpgsqlCommand("insert into pg_temp.nothing values (1)", second);
        await using (var begun = new NpgsqlCommand("select 1", first, transaction))
        {
            await begun.ExecuteScalarAsync();
        }

        var failure = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal("53300", failure.SqlState);
        Assert.Contains("1 of 1 lent", failure.MessageText, StringComparison.Ordinal);
        await transaction.RollbackAsync();
    }

    [Fact]
    public async Task Who_has_waited_for_a_shared_trip_in_vain_does_not_wait_as_long_again_for_a_link()
    {
        await using var door = await DoorStage.OpenAsync("timeouts.query-wait = 2s", "size = 1, overflow = 0");
        using var holder = await door.SpeakAsync();
        using var sharing = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await sharing.SendAsync(new Query(WireText.Of("select 1")));
        await sharing.ReceiveToReadyAsync();
        await holder.SendAsync(new Query(WireText.Of("begin; select 1")));
        await holder.ReceiveToReadyAsync();

        await sharing.SendAsync(new Query(WireText.Of("select 1")));
        var first = sharing.ReceiveToReadyAsync();
        await holder.SendAsync(new Query(WireText.Of("select pg_sleep(1)")));
        await holder.ReceiveToReadyAsync();
        await other.SendAsync(new Query(WireText.Of("begin; select 1; commit")));
        var second = other.ReceiveToReadyAsync();

        Assert.Same(first, await Task.WhenAny(first, second));
        Assert.Equal("53300", (await first).OfType<ErrorResponse>().Single().SqlState);
        await second;
    }

    [Fact]
    public async Task More_clients_than_may_be_are_refused_and_one_that_goes_makes_room()
    {
        await using var door = await DoorStage.OpenAsync("max-clients = 2");
        var first = await door.ConnectAsync();
        await using var second = await door.ConnectAsync();

        var failure = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync());
        Assert.Equal("53300", failure.SqlState);
        Assert.Contains("broker.gateway.max-clients", failure.MessageText, StringComparison.Ordinal);
        await first.DisposeAsync();
        await Eventually.SucceedsAsync(async () => await (await door.ConnectAsync()).DisposeAsync());
    }

    [Fact]
    public async Task A_login_that_ends_before_it_hears_that_it_is_let_in_is_not_counted()
    {
        await using var door = await DoorStage.OpenAsync("max-clients = 1, timeouts.client-login = 3s");
        var gateway = await door.GatewayAsync();
        using var held = new Held();
        using (var client = new TcpClient("127.0.0.1", door.Port))
        {
            var (stream, answer) = (client.GetStream(), new byte[1024]);
            // a request for encryption: what answers it has taken the client over
            await stream.WriteAsync((byte[])[0, 0, 0, 8, 4, 210, 22, 47]);
            Assert.Equal(1, await stream.ReadAsync(answer));
            gateway.Tell(BrokerSupervisor.GetListening.Instance, held);
            var writer = new WireWriter();
            new StartupMessage(ProtocolVersion.V30,
                [new(WireText.Of("user"), WireText.Of(new NpgsqlConnectionStringBuilder(door.Direct).Username!)),
                    new(WireText.Of("database"), WireText.Of("shop"))])
                .Write(writer);
            await stream.WriteAsync(writer.Written);
            var said = "";
            while (await stream.ReadAsync(answer) is var count and > 0)
            {
                said += Encoding.ASCII.GetString(answer, 0, count);
            }
            Assert.Contains("client-login", said, StringComparison.Ordinal);
        }
        held.Release();

        await Eventually.SucceedsAsync(async () => await (await door.ConnectAsync()).DisposeAsync());
    }

    /// <summary>Whoever tells it something is held up.</summary>
    private sealed class Held : MinimalActorRef, IDisposable
    {
        private readonly ManualResetEventSlim _released = new();

        public override ActorPath Path => new RootActorPath(Address.AllSystems) / "held";

        public override IActorRefProvider Provider => throw new NotSupportedException();

        public void Dispose() => _released.Dispose();

        internal void Release() => _released.Set();

        protected override void TellInternal(object message, IActorRef sender) => _released.Wait(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_database_that_is_not_named_is_that_of_the_server_and_each_user_has_a_pool_of_its_own()
    {
        await using var door = await DoorStage.OpenAsync(others: "server = main");
        var name = new NpgsqlConnectionStringBuilder(door.Direct).Database!;
        await using var connection = await door.ConnectAsync(text => text.Database = name);
        await using var command = new NpgsqlCommand("select current_database() || ' ' || current_user", connection);

        Assert.Equal($"{name} {new NpgsqlConnectionStringBuilder(door.Direct).Username}", await command.ExecuteScalarAsync());
        var failure = await Assert.ThrowsAsync<PostgresException>(() => door.ConnectAsync(text => text.Database = "no_such_database"));
        Assert.Equal("3D000", failure.SqlState);
    }
}
