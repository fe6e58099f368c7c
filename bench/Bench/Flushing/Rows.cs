using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;

namespace Broker.Bench.Flushing;

/// <summary>A row of `bench_rows`, as every contender that maps objects sees it.</summary>
[Table(FlushSchema.Rows)]
internal sealed class Row
{
    [Key, Column("id"), DatabaseGenerated(DatabaseGeneratedOption.Identity)]
    public long Id { get; set; }

    [Column("name")]
    public required string Name { get; set; }

    [Column("amount")]
    public int Amount { get; set; }

    public static Row New(int number) => new() { Name = FlushSchema.NameOf(number), Amount = number };

    public void Change() => (Name, Amount) = (FlushSchema.Changed, Amount + 1);
}

/// <summary>A row of `bench_versioned_rows`: the same with a version.</summary>
[Table(FlushSchema.VersionedRows)]
internal sealed class VersionedRow
{
    [Key, Column("id"), DatabaseGenerated(DatabaseGeneratedOption.Identity)]
    public long Id { get; set; }

    [Column("name")]
    public required string Name { get; set; }

    [Column("amount")]
    public int Amount { get; set; }

    [Column("version"), ConcurrencyCheck]
    public int Version { get; set; }

    public void Change() => (Name, Amount) = (FlushSchema.Changed, Amount + 1);
}
