using System.Net;
using System.Net.Http.Json;
using Broker.Postgres;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using WebShop;
using Xunit;

namespace Broker.Samples.Tests;

/// <summary>The sample with a broker in its own process.</summary>
public sealed class EmbeddedWebShopTests : WebShopTests
{
    private protected override Task<string[]> ArgumentsAsync(string database) =>
        Task.FromResult<string[]>(["--ConnectionStrings:shop", database]);
}

/// <summary>The same with a broker elsewhere.</summary>
public sealed class RemoteWebShopTests : WebShopTests
{
    private ServedShop? _served;

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        await _served!.DisposeAsync();
    }

    private protected override async Task<string[]> ArgumentsAsync(string database)
    {
        _served = await ServedShop.StartAsync(database);
        return ["--Broker:Address", _served.Address, "--Broker:User", ServedShop.User, "--Broker:Password", ServedShop.Password];
    }
}

/// <summary>The ASP.NET Core sample, over HTTP.</summary>
public abstract class WebShopTests : IAsyncLifetime, IDisposable
{
    private readonly HttpClient _http = new();
    private WebApplication _shop = null!;
    private NpgsqlDataSource _server = null!;

    public async Task InitializeAsync()
    {
        var database = await SharedPostgres.CreateDatabaseAsync();
        _server = NpgsqlDataSource.Create(database);
        await using (var schema = _server.CreateCommand(Shop.Schema))
        {
            await schema.ExecuteNonQueryAsync();
        }

        _shop = Shop.Build(["--urls", "http://127.0.0.1:0", "--Logging:LogLevel:Default", "None", .. await ArgumentsAsync(database)]);
        await _shop.StartAsync();
        _http.BaseAddress = new(_shop.Urls.First());
    }

    public virtual async Task DisposeAsync()
    {
        await _shop.StopAsync();
        await _shop.DisposeAsync();
        await _server.DisposeAsync();
    }

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing) => _http.Dispose();

    /// <summary>What the sample is started with for this database.</summary>
    private protected abstract Task<string[]> ArgumentsAsync(string database);

    [Fact]
    public async Task An_order_is_placed_with_its_lines_read_and_paid()
    {
        var order = await PlaceAsync("ann", ("cup", 2), ("mug", 1));

        Assert.Equal(HttpStatusCode.NoContent, (await _http.PostAsync($"/orders/{order.Id}/pay", null)).StatusCode);
        Assert.Equal(("paid", order.Version + 1), await StateOfAsync(order.Id));
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/orders/999")).StatusCode);
    }

    [Fact]
    public async Task What_a_failed_request_had_done_is_rolled_back()
    {
        var answer = await _http.PostAsJsonAsync("/orders", new NewOrder("ann", [new("cup", 2), new("mug", 0)]));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("OrderLine", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0L, await AskAsync<long>("select count(*) from orders"));
    }

    [Fact]
    public async Task Of_two_who_change_what_they_saw_one_is_told_of_the_other()
    {
        var order = await PlaceAsync("ann", ("cup", 1));
        var first = await _http.PostAsync($"/orders/{order.Id}/pay?version={order.Version}", null);
        var second = await _http.PostAsync($"/orders/{order.Id}/pay?version={order.Version}", null);

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.Conflict), (first.StatusCode, second.StatusCode));
    }

    [Fact]
    public async Task Many_requests_at_once_have_sessions_of_their_own()
    {
        var orders = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => PlaceAsync($"c{i}", ("cup", i + 1))));

        Assert.Equal(100, orders.Select(order => order.Id).Distinct().Count());
        Assert.Equal(5050L, await AskAsync<long>("select sum(quantity) from order_lines"));
        Assert.Equal(0L,
            await AskAsync<long>(
                "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'"));
    }

    [Fact]
    public async Task Work_of_the_executor_is_committed_by_the_time_it_answers()
    {
        var (one, other) = (await PlaceAsync("ann", ("cup", 1)), await PlaceAsync("ann", ("mug", 1)));

        var moved = await _http.PostAsync($"/orders/{one.Id}/merge-into/{other.Id}", null);

        Assert.Equal("1", await moved.Content.ReadAsStringAsync());
        Assert.Equal(2L, await AskAsync<long>($"select count(*) from order_lines where order_id = {other.Id}"));
    }

    [Fact]
    public async Task A_scope_has_one_session_and_its_end_rolls_back()
    {
        await using (var scope = _shop.Services.CreateAsyncScope())
        {
            var session = scope.ServiceProvider.GetRequiredService<Client.Sessions.Session>();
            Assert.Same(session, scope.ServiceProvider.GetRequiredKeyedService<Client.Sessions.Session>("shop"));
            session.Add(new Order { Customer = "ann" });
            await session.FlushAsync();
        }

        Assert.Equal(0L, await AskAsync<long>("select count(*) from orders"));
        await using var other = _shop.Services.CreateAsyncScope();
        Assert.Empty(await other.ServiceProvider.GetRequiredService<Client.Sessions.Session>().QueryAsync<Order>($"select * from orders"));
    }

    private async Task<Order> PlaceAsync(string customer, params (string Product, int Quantity)[] lines)
    {
        var answer = await _http.PostAsJsonAsync("/orders",
            new NewOrder(customer, [.. lines.Select(line => new NewLine(line.Product, line.Quantity))]));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync<Order>())!;
    }

    private async Task<(string State, int Version)> StateOfAsync(long id)
    {
        var order = await _http.GetFromJsonAsync<Order>($"/orders/{id}");
        return (order!.State, order.Version);
    }

    private async Task<T> AskAsync<T>(string sql)
    {
        await using var command = _server.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}
