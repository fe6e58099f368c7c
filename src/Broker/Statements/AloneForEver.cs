namespace Broker.Statements;

/// <summary>Which events say of a text that it must never be in a group again.</summary>
internal static class AloneForEver
{
    private const string ReadOnlySqlTransaction = "25006";

    /// <summary>
    /// What a member's error teaches about its text. 25006 means that a text taken for a read wanted to write; where every
    /// write is refused (<paramref name="readOnlyServer"/>) it is the caller's own error and teaches nothing. Null for nothing.
    /// </summary>
    public static StatementClass? AfterError(string sqlState, bool readOnlyServer) =>
        sqlState == ReadOnlySqlTransaction && !readOnlyServer
            ? new StatementClass(Travel.AloneThenReset, ClassReason.ReadOnlyRefused, "it wrote although it looked like a read")
            : null;

    /// <summary>What a reply above <paramref name="limit"/> bytes teaches about its text.</summary>
    public static StatementClass AfterLargeReply(int limit) =>
        new(Travel.Alone, ClassReason.ReplyOverLimit, $"its reply exceeded {limit} bytes (errand-reply-limit)");
}
