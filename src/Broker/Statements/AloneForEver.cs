namespace Broker.Statements;

/// <summary>What a text is found to be when it was in a group and must never be in one again.</summary>
internal static class AloneForEver
{
    /// <summary>The server refused it in a read-only transaction (25006): it was taken for a read and wants to write.</summary>
    internal static readonly StatementClass ReadOnlyRefused =
        new(Travel.AloneThenReset, ClassReason.ReadOnlyRefused, "the server refused it in a read-only transaction");

    /// <summary>Its answer is too large to be held back until a group is over.</summary>
    internal static readonly StatementClass ReplyOverLimit = new(Travel.Alone, ClassReason.ReplyOverLimit,
        "its answer passed errands.reply-limit");

    /// <summary>The server says by its command tag that it did something else than its text seems to say.</summary>
    internal static readonly StatementClass OtherTag = new(Travel.AloneThenReset, ClassReason.OtherTag,
        "its command tag was not the expected one");
}
