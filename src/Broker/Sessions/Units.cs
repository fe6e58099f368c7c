using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Sessions;

/// <summary>
/// Commits that bring all of their work along, as errands of the pool: one round trip, which they may share with others. Pure.
/// </summary>
internal static class Units
{
    /// <summary>The errand of such a commit.</summary>
    internal static RunErrand Of(ErrandId id, SessionWork work, ConversationTerms terms)
    {
        var steps = work.Steps;
        var more = steps.Length == 1 ? ErrandUnit.OfOne : new([.. steps.Skip(1).Select(static step => ((StatementStep)step).Statement)]);
        return new(id, ((StatementStep)steps[0]).Statement, terms.Context, new(terms.Wait, terms.ResultBytes)) { Unit = more };
    }

    /// <summary>What the pool's answer to it says; null when it is none.</summary>
    internal static WorkResult? Answered(object answer) => answer switch
    {
        ErrandCompleted completed => Committed(completed),
        Refused refused => Refused(refused.Failure),
        _ => null,
    };

    /// <summary>It is committed.</summary>
    private static WorkResult Committed(ErrandCompleted completed) => new(WorkEnd.Done)
    {
        Results = completed.More.IsEmpty
            ? [new(completed.Affected, completed.Rows)]
            : [new(completed.Affected, completed.Rows), .. completed.More.Select(static more => new StepResult(more.Affected, more.Rows))],
        TransactionId = completed.TransactionId,
    };

    /// <summary>
    /// It is not, or nobody knows; or it is and only its answers are lost. What never reached the server leaves the conversation as it was.
    /// </summary>
    internal static WorkResult Refused(Failure failure) => failure switch
    {
        AnswerLost lost => new(WorkEnd.Done) { TransactionId = lost.TransactionId, Settled = true },
        ResultTooLarge or ResultMismatch => new(WorkEnd.Done) { Results = [] },
        StatementFailed failed => new(WorkEnd.RolledBack) { Failure = failed with { Statement = null }, Step = failed.Statement },
        CommitUnknown or OutcomeUnknown or ConnectionLost => new(WorkEnd.RolledBack) { Failure = failure },
        _ => new(WorkEnd.Undone) { Failure = failure },
    };
}
