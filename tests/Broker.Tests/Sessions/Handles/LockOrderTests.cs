using System.ComponentModel.DataAnnotations.Schema;
using Broker.Client.Sessions;
using Broker.Client.Protocol.Values;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>In which order flushes lock the rows that they change.</summary>
public sealed class LockOrderTests : HandleStage
{
    private const int Rounds = 50;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        await DirectlyAsync("insert into items (id, name, price) select n, 'x', 0 from generate_series(1, 500) n; analyze items");
    }

    [Fact]
    public Task Two_sessions_that_update_the_same_rows_in_opposite_orders_do_not_deadlock() => TogetherAsync(async (session, order) =>
    {
        foreach (var item in await session.QueryAsync<Item>(new Statement($"select * from items order by {order}")))
            item.Price++;
        await session.FlushAsync();
        await session.CommitAsync();
    });

    [Fact]
    public Task Two_sessions_that_delete_the_same_rows_in_opposite_orders_do_not_deadlock() => TogetherAsync(async (session, order) =>
    {
        foreach (var item in await session.QueryAsync<Item>(new Statement($"select * from items order by {order}")))
            session.Delete(item);
        await session.FlushAsync();
        await session.RollbackAsync();
    });

    [Fact]
    public async Task Two_sessions_that_exchange_unique_values_of_the_same_rows_do_not_deadlock()
    {
        await DirectlyAsync("create table seats (id int primary key, place int not null unique); insert into seats select n, n from generate_series(1, 500) n; analyze seats");
        await TogetherAsync(async (session, order) =>
        {
            var seats = await session.QueryAsync<Seat>(new Statement($"select * from seats order by {order}"));
            int[] places = [.. seats.Select(static seat => seat.Place)];
            for (var i = 0; i < places.Length; i++)
                seats[i].Place = places[^(i + 1)];
            await session.FlushAsync();
            await session.RollbackAsync();
        });
    }

    [Fact]
    public async Task Two_sessions_that_change_the_same_tables_in_opposite_orders_do_not_deadlock()
    {
        await DirectlyAsync("insert into tags values ('red', 1)");
        await TogetherAsync(async (session, order) =>
        {
            if (order == "id")
                (await session.GetOneAsync<Item>(1L)).Price++;
            var tag = await session.GetOneAsync<Tag>("red");
            await session.UpdateAsync(tag with { Weight = tag.Weight + 1 });
            if (order != "id")
                (await session.GetOneAsync<Item>(1L)).Price++;
            await session.FlushAsync();
            await session.RollbackAsync();
        });
    }

    private Task TogetherAsync(Func<Session, string, Task> work) =>
        Task.WhenAll(new[] { "id", "id desc" }.Select(order => Task.Run(async () =>
    {
        for (var round = 0; round < Rounds; round++)
        {
            await using var session = With(new() { Autoflush = false }).Open();
            await work(session, order);
        }
    })));

    [Table("seats")]
    private sealed class Seat
    {
        public int Id { get; set; }

        public int Place { get; set; }
    }
}
