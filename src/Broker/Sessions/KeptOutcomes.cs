using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions;

/// <summary>
/// What became of commits whose conversations are gone, for as long as a caller may ask. Mutable, and owned by the registry.
/// </summary>
/// <param name="keep">How long (`broker.sessions.outcome-keep`).</param>
internal sealed class KeptOutcomes(TimeSpan keep)
{
    private readonly Dictionary<(SessionId, HandleId, long), SessionRegistry.OutcomeKept> _outcomes = [];
    private readonly Queue<((SessionId, HandleId, long) Name, TimeSpan Until)> _byAge = new();

    /// <summary>How many are kept.</summary>
    internal int Count => _outcomes.Count;

    internal void Keep(SessionRegistry.OutcomeKept kept, TimeSpan now)
    {
        Forget(now);
        var name = (kept.Session, kept.Outcome.Handle, kept.Outcome.Sequence);
        if (_outcomes.TryAdd(name, kept))
        {
            _byAge.Enqueue((name, now + keep));
        }
    }

    /// <summary>What is answered of a commit; null when it is not kept.</summary>
    internal CommitOutcome? Find(GetCommitOutcome ask, TimeSpan now)
    {
        Forget(now);
        return !_outcomes.TryGetValue((ask.Session, ask.Handle, ask.Sequence), out var kept) ? null
            : IsOf(ask, kept.Outcome.Login, kept.Pool) ? new(kept.Outcome.Reply)
            : Unknown(ask);
    }

    /// <summary>
    /// Whether it is told what became of a commit: the user whose commit it was, by the database that the door has let it ask for.
    /// </summary>
    internal static bool IsOf(GetCommitOutcome ask, string? login, PoolId pool) =>
        ask.Login is null || (ask.Login == login && ask.Database == pool.Database && (ask.User ?? pool.User) == pool.User);

    /// <summary>
    /// What is said of a commit that nobody can tell of, and of one of another user: the ledger is not asked for that, since its key would
    /// be spent by the question.
    /// </summary>
    internal static CommitOutcome Unknown(GetCommitOutcome ask) => new(new CommandRefused(
        new CommitUnknown(new(ask.Database ?? "", ask.User ?? ""), 0, 0, $"command {ask.Sequence} of {ask.Handle} in conversation "
            + $"{ask.Session}: nobody remembers it, no ledger either (broker.sessions.outcome-keep, broker.errands.ledger.table)")));

    /// <summary>Forgets those that were kept for long enough. How long until the next is; null when there are none.</summary>
    internal TimeSpan? Forget(TimeSpan now)
    {
        while (_byAge.TryPeek(out var oldest))
        {
            if (oldest.Until > now)
            {
                return oldest.Until - now;
            }
            _outcomes.Remove(_byAge.Dequeue().Name);
        }
        return null;
    }
}
