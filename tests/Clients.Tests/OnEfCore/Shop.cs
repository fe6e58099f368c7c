using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;

namespace Broker.Clients.Tests.OnEfCore;

/// <summary>Orders and their lines, as an application of EF Core has them.</summary>
internal sealed class Shop(DbContextOptions<Shop> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    public DbSet<Line> Lines => Set<Line>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Order>().Property(order => order.Version).IsRowVersion();
        modelBuilder.Entity<Line>().HasIndex(line => line.Product);
    }
}

internal sealed class Order
{
    public int Id { get; set; }

    public required string Customer { get; set; }

    public DateTime Placed { get; set; }

    public string[] Tags { get; set; } = [];

    public uint Version { get; set; }

    public List<Line> Lines { get; set; } = [];
}

internal sealed class Line
{
    public int Id { get; set; }

    public int OrderId { get; set; }

    public required string Product { get; set; }

    public decimal Price { get; set; }
}

/// <summary>A context whose tables come by migrations.</summary>
internal sealed class Migrated(DbContextOptions<Migrated> options) : DbContext(options);

[Microsoft.EntityFrameworkCore.Infrastructure.DbContext(typeof(Migrated)), Migration("1_First")]
internal sealed class FirstMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.CreateTable(
            "migrated_first",
            table => new { Id = table.Column<int>(), Words = table.Column<string>(nullable: true) },
            constraints: table => table.PrimaryKey("pk_first", row => row.Id));
        migrationBuilder.Sql("insert into migrated_first values (1, 'one')");
    }
}

[Microsoft.EntityFrameworkCore.Infrastructure.DbContext(typeof(Migrated)), Migration("2_Second")]
internal sealed class SecondMigration : Migration
{
    protected override void Up(MigrationBuilder migrationBuilder)
    {
        migrationBuilder.AddColumn<int>("Count", "migrated_first", defaultValue: 7);
        migrationBuilder.Sql("create index concurrently ix_migrated on migrated_first (\"Count\")", suppressTransaction: true);
    }
}
