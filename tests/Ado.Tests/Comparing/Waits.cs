using Npgsql;
using Xunit;

namespace Broker.Ado.Tests.Comparing;

/// <summary>Looks at the server from the side.</summary>
internal static class Waits
{
    /// <summary>Waits until a statement with this mark sleeps at the server.</summary>
    internal static Task UntilItSleepsAsync(string mark) => UntilAsync(
        $"select count(*) > 0 from pg_stat_activity where query like '%{mark}%' and wait_event = 'PgSleep'", $"{mark} never slept");

    /// <summary>Waits until a question about the server is answered by yes.</summary>
    internal static async Task UntilAsync(string question, string otherwise)
    {
        var sides = await Sides.BothAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var side = NpgsqlDataSource.Create(sides.BrokerDatabase);
        await using var ask = side.CreateCommand(question);
        while (!(bool)(await ask.ExecuteScalarAsync())!)
        {
            Assert.False(limit.IsCancellationRequested, otherwise);
            await Task.Delay(10);
        }
    }
}
