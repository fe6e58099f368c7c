using System.Runtime.InteropServices;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Settlement;

namespace Broker.Errands.Keyed;

/// <summary>Between what a caller is told and what the ledger keeps of it.</summary>
internal static class LedgerReply
{
    /// <summary>What to keep of an answer; null when its rows cannot be kept: then only that it took effect is known.</summary>
    internal static RecordedResult? Record(ErrandCompleted answer) =>
        answer.Rows.Columns.IsEmpty ? new(answer.Verb, answer.Affected)
        : RecordedRows.Encode(answer.Rows) is { } rows
            ? new(answer.Verb, answer.Affected, ImmutableCollectionsMarshal.AsImmutableArray(rows))
        : null;

    /// <summary>The answer again; null when a newer broker kept it in a form that this one does not know.</summary>
    internal static ErrandCompleted? Of(RecordedResult result)
    {
        var rows = result.Rows is { } bytes ? RecordedRows.Decode(ImmutableCollectionsMarshal.AsArray(bytes)!) : RowSet.Empty;
        return rows is null ? null : new(result.Verb, result.Affected, rows);
    }
}
