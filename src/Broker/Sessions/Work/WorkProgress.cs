using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Sessions.Work;

/// <summary>
/// How far work has come: what the server answered, before it is known how all of it ends. Mutable; belongs to one run of one work.
/// </summary>
/// <param name="work">The work.</param>
internal sealed class WorkProgress(SessionWork work)
{
    private readonly StepResult?[] _results = new StepResult?[work.Steps.Length];

    /// <summary>The work.</summary>
    internal SessionWork Work { get; } = work;

    /// <summary>The transaction's id as far as it was told.</summary>
    internal ulong? TransactionId { get; set; } = work.KnownId;

    /// <summary>The first step's verb.</summary>
    internal string Verb { get; set; } = "";

    /// <summary>How large the answered rows are.</summary>
    internal long Bytes { get; set; }

    /// <summary>Whether BEGIN and what stands with it are done.</summary>
    internal bool HasBegun { get; set; } = !work.Begins;

    /// <summary>Whether the server said, when nothing but COMMIT was to come, that the transaction has no id.</summary>
    internal bool WroteNothing { get; set; }

    /// <summary>Whether COMMIT may have been sent.</summary>
    internal bool CommitSent { get; set; }

    /// <summary>Why the answer is none, though the server did the work; and at which step.</summary>
    internal (Failure Failure, int Step)? Spoilt { get; set; }

    internal void Answered(int step, long affected, RowSet rows) => _results[step] = new(affected, rows);

    /// <summary>How it ended, with everything that is known.</summary>
    internal WorkResult End(WorkEnd end, Failure? failure = null, int? step = null) => new(end)
    {
        Results = Array.IndexOf(_results, null) < 0 ? [.. _results!] : [],
        TransactionId = TransactionId,
        Verb = Verb,
        Failure = failure,
        Step = step is >= 0 ? step : null,
        Bytes = Bytes,
    };
}
