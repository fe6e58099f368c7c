using Akka.Hosting;
using Broker.Client;
using Broker.Client.Executing;
using Broker.Client.Protocol.Failures;
using Broker.Client.Remote;
using Broker.Client.Sessions;
using Broker.Client.Hosting;
using Broker.Hosting;

namespace WebShop;

/// <summary>
/// Orders over HTTP. Each request has a session of its own: what its handler does not commit is rolled back when it ends.
/// </summary>
public static class Shop
{
    /// <summary>The tables, for a first run.</summary>
    public const string Schema = """
        create table if not exists orders (
            id bigint generated always as identity primary key, customer text not null check (customer <> ''), state text not null, version int not null);
        create table if not exists order_lines (
            id bigint generated always as identity primary key, order_id bigint not null references orders, product text not null, quantity int not null check (quantity > 0));
        """;

    /// <summary>
    /// Builds it. With Broker:Address it uses the broker there, as Broker:User with Broker:Password; without, one in its own process,
    /// before the database of ConnectionStrings:shop. Nothing but the registration knows which.
    /// </summary>
    public static WebApplication Build(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (builder.Configuration["Broker:Address"] is { } address)
        {
            AddRemote(builder, address);
        }
        else
        {
            AddEmbedded(builder);
        }
        builder.Services.AddBrokerSessions("shop");
        var shop = builder.Build();

        shop.MapPost("/orders", PlaceAsync);
        shop.MapGet("/orders/{id:long}", async (long id, Session session) =>
            await session.GetAsync<Order>(id) is { } order ? Results.Ok(order) : Results.NotFound());
        shop.MapPost("/orders/{id:long}/pay", PayAsync);
        shop.MapPost("/orders/{id:long}/merge-into/{other:long}", MergeAsync);
        return shop;
    }

    private static void AddEmbedded(WebApplicationBuilder builder)
    {
        builder.Services.AddAkka("shop", akka => akka.WithBroker(options => options.Hocon(
            $"broker.databases.shop {{ connection-string = \"{builder.Configuration.GetConnectionString("shop")}\" }}")));
        builder.Services.AddBrokerClient();
    }

    private static void AddRemote(WebApplicationBuilder builder, string address)
    {
        var broker = builder.Configuration.GetSection("Broker");
        builder.Services.AddBrokerClient(address, new RemoteOptions { User = broker["User"] ?? "", Password = broker["Password"] ?? "" });
    }

    private static async Task<IResult> PlaceAsync(NewOrder placed, Session session, CancellationToken cancellation)
    {
        var order = new Order { Customer = placed.Customer };
        session.Add(order);
        session.AddRange(placed.Lines.Select(line => new OrderLine { Order = order, Product = line.Product, Quantity = line.Quantity }));
        try
        {
            await session.CommitAsync(cancellation);
        }
        catch (BrokerException refused) when (refused.Failure is CheckViolated or NullRefused)
        {
            return Results.BadRequest(refused.Message);
        }

        return Results.Created($"/orders/{order.Id}", order);
    }

    private static async Task<IResult> PayAsync(long id, int? version, Session session, CancellationToken cancellation)
    {
        if (await session.GetAsync<Order>(id, cancellation: cancellation) is not { } order)
        {
            return Results.NotFound();
        }

        try
        {
            await session.MergeAsync(order with { State = "paid", Version = version ?? order.Version }, cancellation);
            await session.CommitAsync(cancellation);
        }
        catch (BrokerException refused) when (refused.Failure is StaleRows)
        {
            return Results.Conflict(refused.Message);
        }

        return Results.NoContent();
    }

    /// <summary>
    /// Moves the lines of one order to another, however often transactions collide: the executor runs the function again.
    /// </summary>
    private static async Task<IResult> MergeAsync(long id, long other, SessionExecutor executor, CancellationToken cancellation)
    {
        var moved = await executor.RunAsync(
            async session =>
            {
                var lines = await session.BulkUpdateAsync<OrderLine>($"set order_id = {other} where order_id = {id}", cancellation);
                await session.BulkDeleteAsync<Order>($"where id = {id}", cancellation);
                return lines;
            },
            cancellation);
        return Results.Ok(moved);
    }
}

/// <summary>What is posted to place an order.</summary>
public sealed record NewOrder(string Customer, IReadOnlyList<NewLine> Lines);

/// <summary>One line of it.</summary>
public sealed record NewLine(string Product, int Quantity);
