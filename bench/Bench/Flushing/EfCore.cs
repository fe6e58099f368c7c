using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Broker.Bench.Flushing;

/// <summary>
/// EF Core on Npgsql's provider: a context from its pool of contexts per unit of work, SaveChanges at its end. As it comes it is
/// the others' measure; it is faster where Npgsql is told to prepare statements, so it takes part in that way too.
/// </summary>
internal sealed class EfCore(bool prepares) : OnNpgsql
{
    public const string ContenderName = "ef-core";

    private DbContextOptions<Context>? _options;
    private PooledDbContextFactory<Context>? _contexts;

    public override bool Does(FlushWork work) => work is not FlushWork.Idle || !prepares;

    public override string Name => prepares ? ContenderName + "-prepared" : ContenderName;

    protected override bool Prepares => prepares;

    public override async Task StartAsync(string connectionString, int maximumConnections)
    {
        await base.StartAsync(connectionString, maximumConnections);
        _options = new DbContextOptionsBuilder<Context>().UseNpgsql(DataSource).Options;
        _contexts = new(_options);
    }

    public override async Task<Func<Task>> PrepareAsync(FlushWork work, int rows)
    {
        var context = await Started(_contexts).CreateDbContextAsync();
        switch (work)
        {
            case FlushWork.Insert:
                Row[] added = [.. Enumerable.Range(1, rows).Select(Row.New)];
                return () => SaveAsync(context, () => context.Rows.AddRange(added));
            case FlushWork.Update:
                var changed = await context.Rows.ToArrayAsync();
                return () => SaveAsync(context, () => Array.ForEach(changed, static row => row.Change()));
            case FlushWork.VersionedUpdate:
                var versioned = await context.VersionedRows.ToArrayAsync();
                return () => SaveAsync(context, () => Array.ForEach(versioned, static row =>
                {
                    row.Change();
                    row.Version++; // PostgreSQL has no column that does it, and EF Core leaves it to the application
                }));
            case FlushWork.Delete:
                var deleted = await context.Rows.ToArrayAsync();
                return () => SaveAsync(context, () => context.Rows.RemoveRange(deleted));
            default:
                throw new ArgumentOutOfRangeException(nameof(work));
        }
    }

    public override async Task<IAsyncDisposable> OpenIdleAsync(bool used)
    {
        var context = new Context(Started(_options)); // one of the pool would be there before
        if (used)
        {
            context.Rows.Add(Row.New(1));
            await context.SaveChangesAsync();
        }

        return context;
    }

    protected override async ValueTask InsertOneAsync(int number)
    {
        var context = await Started(_contexts).CreateDbContextAsync();
        await SaveAsync(context, () => context.Rows.Add(Row.New(number)));
    }

    private static async Task SaveAsync(Context context, Action change)
    {
        await using (context)
        {
            change();
            await context.SaveChangesAsync();
        }
    }

    private sealed class Context(DbContextOptions<Context> options) : DbContext(options)
    {
        public DbSet<Row> Rows => Set<Row>();

        public DbSet<VersionedRow> VersionedRows => Set<VersionedRow>();

        protected override void OnModelCreating(ModelBuilder modelBuilder)
        {
            modelBuilder.Entity<Row>();
            modelBuilder.Entity<VersionedRow>();
        }
    }
}
