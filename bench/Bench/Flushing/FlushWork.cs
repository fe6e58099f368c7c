namespace Broker.Bench.Flushing;

/// <summary>What a unit of work holds when it is flushed and committed.</summary>
internal enum FlushWork
{
    /// <summary>Rows to insert, whose generated keys are wanted back.</summary>
    Insert,

    /// <summary>Loaded rows that were all changed.</summary>
    Update,

    /// <summary>The same with a version that each row is checked by.</summary>
    VersionedUpdate,

    /// <summary>Loaded rows that are all to go.</summary>
    Delete,

    /// <summary>One row to insert, by each of several sessions at a time.</summary>
    OneRow,

    /// <summary>Nothing: many sessions at a time are held open.</summary>
    Idle,
}

internal static class FlushWorks
{
    public static readonly string[] Names = [.. Enum.GetValues<FlushWork>().Select(Name)];

    /// <summary>Its name on the command line, on the screen and in the file of results.</summary>
    public static string Name(this FlushWork work) => work switch
    {
        FlushWork.Insert => "insert",
        FlushWork.Update => "update",
        FlushWork.VersionedUpdate => "versioned-update",
        FlushWork.Delete => "delete",
        FlushWork.OneRow => "one-row",
        FlushWork.Idle => "idle",
    };

    public static IEnumerable<FlushWork> Named(string[] names) => Enum.GetValues<FlushWork>().Where(work => names.Contains(work.Name()));
}
