using Broker.Client;
using Broker.Client.Executing;
using Broker.Client.Sessions;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Samples.Tests.Pages;

/// <summary>What the code on the pages takes for granted. It is compiled, not run.</summary>
internal sealed partial class ShownCode
{
    private readonly ServiceCollection services = new();
    private readonly BrokerClient broker = null!, client = null!;
    private readonly SessionFactory sessions = null!;
    private readonly Session session = null!;
    private readonly SessionExecutor executor = null!;
    private readonly Order[] orders = [];
    private readonly (int Id, int Count)[] items = [];
    private readonly string[] regions = [];
    private readonly int id = 42, product = 7, quantity = 1, paymentId = 1;

    private static void Show(Func<Task> block) => _ = block;

    private static Task<string> ReportAsync(Session session, string region) => Task.FromResult($"{session.Id}: {region}");
}

internal sealed class Order
{
    public int Id { get; set; }

    public int CustomerId { get; set; }

    public string State { get; set; } = "";
}

internal sealed class Payment
{
    public int OrderId { get; set; }

    public decimal Amount { get; set; }
}

public sealed record Customer(int Id, string Address);

internal sealed class Invoice
{
    public int OrderId { get; set; }

    public string To { get; set; } = "";
}

internal sealed class Stock
{
    public int Id { get; set; }

    public int Count { get; set; }
}

internal sealed record Product(int Id, string Name);

internal sealed class Line
{
    public string Product { get; set; } = "";

    public int Count { get; set; }
}
