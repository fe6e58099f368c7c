using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;

namespace WebShop;

/// <summary>A row of `orders`. The version guards against two requests that change the same order.</summary>
[Table("orders")]
public sealed record Order
{
    public long Id { get; init; }

    public required string Customer { get; init; }

    public string State { get; init; } = "new";

    [ConcurrencyCheck]
    public int Version { get; init; }
}

/// <summary>A row of `order_lines`.</summary>
[Table("order_lines")]
public sealed record OrderLine
{
    public long Id { get; init; }

    public long OrderId { get; init; }

    public required string Product { get; init; }

    public int Quantity { get; init; }

    /// <summary>Fills <see cref="OrderId"/> when the order gets its key.</summary>
    [ForeignKey(nameof(OrderId))]
    public Order? Order { get; init; }
}
