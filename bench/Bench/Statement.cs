namespace Broker.Bench;

/// <summary>One of the few texts that every contender runs, with its integer parameters in order ($1, $2).</summary>
internal sealed record Statement(string Text, int Parameters, bool ReturnsRow)
{
    public static readonly Statement ReadAccount = new("select abalance from pgbench_accounts where aid = $1", 1, true);
    public static readonly Statement ReadBranch = new("select bbalance from pgbench_branches where bid = $1", 1, true);
    public static readonly Statement InsertEntry = new("insert into bench_entries (id, amount) values ($1, $2)", 2, false);

    /// <summary>A statement that takes 5 ms of the server's time and none of its processor.</summary>
    public static readonly Statement Pause = new("select 1 from pg_sleep(0.005)", 0, true);
}

/// <summary>A statement with the values of its parameters.</summary>
internal readonly record struct Operation(Statement Statement, int First = 0, int Second = 0);
