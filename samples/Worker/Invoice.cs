using System.ComponentModel.DataAnnotations.Schema;

namespace Worker;

/// <summary>A row of `invoices`.</summary>
[Table("invoices")]
public sealed record Invoice
{
    public long Id { get; init; }

    public required string Customer { get; init; }

    public bool Reminded { get; init; }
}

/// <summary>A row of `letters`: what was written to a customer.</summary>
[Table("letters")]
public sealed record Letter
{
    public long Id { get; init; }

    public long InvoiceId { get; init; }

    public required string Text { get; init; }
}
