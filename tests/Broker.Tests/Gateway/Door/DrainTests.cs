using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Wire;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>
/// Clients at the end of the gateway: who has nothing under way is closed at once, and nobody in the middle of something.
/// </summary>
public sealed class DrainTests
{
    [Theory]
    [InlineData("session")]
    [InlineData("transaction")]
    [InlineData("statement")]
    public async Task Who_is_idle_is_closed_at_once_while_others_end_what_they_do(string mode)
    {
        await using var door = await DoorStage.OpenAsync($"mode = {mode}");
        using var idle = await door.SpeakAsync();
        await AskAsync(idle, "set search_path = elsewhere; select 1");
        using var silent = await door.SpeakAsync();
        using var working = await door.SpeakAsync();
        var sql = mode == "statement" ? "select pg_sleep(60)" : "begin; select 1";
        await working.SendAsync(new Query(WireText.Of(sql)));
        await using var direct = await door.GoRoundAsync();
        await Eventually.SucceedsAsync(async () => Assert.Equal(1L, await direct.ScalarAsync(
            $"select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like '{sql}%' and xact_start is not null")));

        var stopped = door.StopAsync();

        Assert.Equal("57P01", Assert.IsType<ErrorResponse>(await idle.ReceiveAsync()).SqlState);
        Assert.Equal("57P01", Assert.IsType<ErrorResponse>(await silent.ReceiveAsync()).SqlState);
        Assert.False(stopped.IsCompleted);
        if (mode == "statement")
        {
            await direct.ScalarAsync(
                "select pg_cancel_backend(pid) from pg_stat_activity where datname = current_database() and query like 'select pg_sleep%'");
        }
        else
        {
            await working.ReceiveToReadyAsync();
            await working.SendAsync(new Query(WireText.Of("commit")));
        }
        await working.ReceiveToReadyAsync();
        Assert.Equal("57P01", Assert.IsType<ErrorResponse>(await working.ReceiveAsync()).SqlState);
        await stopped;
    }

    private static async Task AskAsync(RawConnection client, string sql)
    {
        await client.SendAsync(new Query(WireText.Of(sql)));
        await client.ReceiveToReadyAsync();
    }
}
