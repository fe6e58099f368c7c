using Broker.Client;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>Objects whose tables change under them.</summary>
public sealed class ChangedTableTests : HandleStage
{
    [Fact]
    public async Task An_object_that_was_read_before_is_written_to_the_table_as_it_is_now()
    {
        await DirectlyAsync("insert into items (id, name, price) values (101, 'a', 1)");
        await using var session = Sessions.Open();
        var item = await session.GetOneAsync<Item>(101L);
        await session.CommitAsync();
        await DirectlyAsync("alter table items drop column price, add column price int generated always as ((id * 2)::int) stored");
        item.Price = 5;
        await Assert.ThrowsAsync<BrokerException>(async () => await session.FlushAsync());
        await session.RollbackAsync();

        (item.Name, item.Price) = ("b", 7);
        await session.CommitAsync();

        Assert.Equal("101:b:202", await RowsAsync("items", "id, name, price"));
    }

    [Fact]
    public async Task An_object_whose_key_has_another_type_now_is_refused_until_it_is_loaded_again()
    {
        await DirectlyAsync("insert into lines values (1, 1, 'a')");
        await using var session = Sessions.Open();
        var line = await session.GetOneAsync<Line>((1, 1));
        await session.CommitAsync();
        await DirectlyAsync("alter table lines alter column order_id type smallint");
        await RefusedAsync<StatementFailed>(async () => await session.QueryAsync<int>($"select nothing from lines"));
        await session.RollbackAsync();
        line.What = "b";
        Assert.Contains("load it again", (await RefusedAsync<EntityRefused>(async () => await session.FlushAsync())).Message,
            StringComparison.Ordinal);
        session.Expunge(line);
        (await session.GetOneAsync<Line>((1, 1))).What = "c";
        await session.CommitAsync();

        Assert.Equal("1:1:c", await RowsAsync("lines", "order_id, line, what"));
    }
}
