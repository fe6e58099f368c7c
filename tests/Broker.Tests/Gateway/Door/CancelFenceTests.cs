using Broker.PgWire.Logins;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>
/// The end of the connection on which a client has asked for a cancel: what it sends after that is not cancelled, as with PostgreSQL.
/// </summary>
public sealed class CancelFenceTests
{
    private const int Rounds = 100;
    private const int CancelsAtOnce = 4;

    [Theory]
    [InlineData("transaction", "select 1")] // shares a trip
    [InlineData("transaction", "select 1; select 2")] // has a link
    [InlineData("statement", "select 1")]
    [InlineData("statement", "select pg_sleep(0.001)")]
    [InlineData("session", "select 1")]
    public async Task What_is_sent_after_the_connection_of_a_cancel_has_ended_is_not_cancelled(string mode, string sql)
    {
        await using var door = await DoorStage.OpenAsync($"loops = 2, mode = {mode}", "size = 2, overflow = 0");
        using var client = await RawConnection.ConnectAsync(door.Port);
        var (login, _) = await client.LoginAsync(new NpgsqlConnectionStringBuilder(door.Direct).Username!, Credential.None, database: "shop");

        for (var round = 0; round < Rounds; round++)
        {
            await client.SendAsync(Text(sql));
            var cancels = Enumerable.Range(0, CancelsAtOnce).Select(_ => CancelAsync(door.Port, login.Key!)).ToArray();
            await client.ReceiveToReadyAsync();
            await Task.WhenAll(cancels);

            await client.SendAsync(Text(sql));
            Assert.Null(StateIn(await client.ReceiveToReadyAsync()));
        }
    }

    [Fact]
    public async Task A_cancel_for_a_client_that_is_gone_ends_its_connection_too()
    {
        await using var door = await DoorStage.OpenAsync();
        BackendKeyData key;
        using (var gone = await RawConnection.ConnectAsync(door.Port))
        {
            var (login, _) = await gone.LoginAsync(new NpgsqlConnectionStringBuilder(door.Direct).Username!, Credential.None, database: "shop");
            key = login.Key!;
        }

        await CancelAsync(door.Port, key);
    }

    private static async Task CancelAsync(int port, BackendKeyData key)
    {
        using var connection = await RawConnection.ConnectAsync(port);
        await connection.SendAsync(new CancelRequest(key.ProcessId, key.SecretKey));
        await Assert.ThrowsAsync<EndOfStreamException>(connection.ReceiveAsync);
    }
}
