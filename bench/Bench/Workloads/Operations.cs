namespace Broker.Bench.Workloads;

/// <summary>The operations that workloads are made of, for the data that <see cref="Schema"/> loads.</summary>
internal static class Operations
{
    private static int _lastEntry;

    /// <summary>Accounts loaded; set once before the first round.</summary>
    public static int Accounts { get; set; } = 1_000_000;

    public static Operation ReadAccount(Random random) => new(Statement.ReadAccount, random.Next(1, Accounts + 1));

    public static Operation ReadBranch(Random random) =>
        new(Statement.ReadBranch, random.Next(1, (Accounts / Schema.AccountsPerBranch) + 1));

    public static Operation InsertEntry(Random random) => new(Statement.InsertEntry, NextEntry(), random.Next());

    public static Operation Pause(Random random) => new(Statement.Pause);

    /// <summary>Entries get numbers behind this one.</summary>
    public static void StartEntriesAt(int number) => Volatile.Write(ref _lastEntry, number);

    public static int NextEntry() => Interlocked.Increment(ref _lastEntry);
}
