using Broker.Clients.Tests.Reaching;
using Microsoft.EntityFrameworkCore;
using Xunit;

namespace Broker.Clients.Tests.OnEfCore;

public sealed class EfCoreTests
{
    [Theory, Through(Keeping.Transaction)]
    public async Task Units_of_work_are_saved_queried_changed_and_guarded_by_their_versions(string name)
    {
        await using var shop = await CreatedAsync(name);
        shop.AddRange(Enumerable.Range(1, 60).Select(n => new Order
        {
            Customer = $"customer {n % 7}",
            Placed = new DateTime(2025, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(n),
            Tags = ["new", $"n{n}"],
            Lines = [new() { Product = "pen", Price = 1.5m }, new() { Product = "ink", Price = n }],
        }));
        Assert.Equal(180, await shop.SaveChangesAsync());

        var sums = await shop.Orders.Where(order => order.Tags.Contains("new") && order.Placed.Year == 2025)
            .GroupBy(order => order.Customer)
            .Select(orders => new { orders.Key, Sum = orders.SelectMany(order => order.Lines).Sum(line => line.Price) })
            .OrderBy(customer => customer.Key).ToListAsync();
        Assert.Equal(7, sums.Count);
        Assert.Equal(60 * 1.5m + 60 * 61 / 2, sums.Sum(customer => customer.Sum));

        var first = await shop.Orders.Include(order => order.Lines).AsSplitQuery().OrderBy(order => order.Id).FirstAsync();
        await using (var other = Context(await Endpoints.OpenAsync(name)))
        {
            var same = await other.Orders.SingleAsync(order => order.Id == first.Id);
            same.Customer = "somebody else";
            Assert.Equal(1, await other.SaveChangesAsync());
        }
        first.Customer = "too late";
        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => shop.SaveChangesAsync());

        Assert.Equal(60, await shop.Lines.Where(line => line.Product == "pen").ExecuteDeleteAsync());
        Assert.Equal(60, await shop.Lines.ExecuteUpdateAsync(set => set.SetProperty(line => line.Price, line => line.Price + 1)));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task A_failed_save_inside_a_transaction_goes_back_to_its_savepoint(string name)
    {
        await using var shop = await CreatedAsync(name);
        await using (var transaction = await shop.Database.BeginTransactionAsync())
        {
            shop.Add(new Order { Customer = "kept" });
            await shop.SaveChangesAsync();
            shop.Add(new Line { Product = "of no order", OrderId = -1 });
            await Assert.ThrowsAsync<DbUpdateException>(() => shop.SaveChangesAsync());
            shop.ChangeTracker.Clear();
            Assert.Equal(1, await shop.Orders.CountAsync(order => order.Customer == "kept"));
            await transaction.CommitAsync();
        }

        Assert.Equal(1, await shop.Orders.CountAsync(order => order.Customer == "kept"));
        Assert.Equal(0, await shop.Lines.CountAsync(line => line.Product == "of no order"));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task Migrations_bring_the_tables_and_are_noted(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        await using var context = new Migrated(new DbContextOptionsBuilder<Migrated>().UseNpgsql(endpoint.ConnectionString()).Options);

        await context.Database.MigrateAsync();
        await context.Database.MigrateAsync();

        Assert.Equal(["1_First", "2_Second"], await context.Database.GetAppliedMigrationsAsync());
        Assert.Equal(7, await endpoint.AtServerAsync("select \"Count\" from migrated_first"));
    }

    /// <summary>In the second database, where nothing but its tables is; made when they are not there.</summary>
    private static async Task<Shop> CreatedAsync(string name)
    {
        var shop = Context(await Endpoints.OpenAsync(name));
        await shop.Database.EnsureCreatedAsync();
        await shop.Database.ExecuteSqlRawAsync("truncate \"Orders\", \"Lines\"");
        return shop;
    }

    private static Shop Context(Endpoint endpoint) => new(new DbContextOptionsBuilder<Shop>()
        .UseNpgsql(endpoint.ConnectionString(database: endpoint.Database + Endpoints.SecondDatabase)).Options);
}
