using Broker.Client.Sessions;
using Npgsql;
using Xunit;

namespace Broker.Host.Tests.Serving;

/// <summary>One brokerd with a gateway and a door for .NET programs.</summary>
public sealed class BothDoorsTests
{
    private const string Processes = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()";

    [Fact]
    public async Task Those_who_come_in_through_both_doors_share_a_servers_connections()
    {
        await using var served = await ServedDatabase.StartAsync("max-connections = 2, reserve = 0");
        await served.DoAsync("create table notes (id int primary key)");
        var remote = await served.ConnectAsync();
        await using var one = new SessionFactory(remote, "stock").Open();
        await using var other = new SessionFactory(remote, "stock").Open();
        await one.ExecuteAsync($"insert into notes values (1)");
        await other.ExecuteAsync($"insert into notes values (2)");
        Assert.Equal(2, await served.AskAsync<long>(Processes));

        // A client of PostgreSQL is let in when there is a connection for it, and there is one when the conversation ends.
        var coming = CountAsync(served);
        await ServedDatabase.UntilAsync(async () => (await remote.GetStatusAsync("shop")).Waiting > 0);
        Assert.False(coming.IsCompleted);
        await one.CommitAsync();

        Assert.Equal(1, await coming);
        await other.CommitAsync();
        Assert.Equal(2, await CountAsync(served));
        Assert.InRange(await served.AskAsync<long>(Processes), 1, 2);
        await served.Brokerd.SignalAsync("TERM");
        Assert.Equal(0, await served.Brokerd.EndAsync());
    }

    private static async Task<long> CountAsync(ServedDatabase served)
    {
        await using var connection = await served.OpenAsync("shop");
        await using var count = new NpgsqlCommand("select count(*) from notes", connection);
        return (long)(await count.ExecuteScalarAsync())!;
    }
}
