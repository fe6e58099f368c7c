using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Diagnostics;
using Broker.Errands;
using Broker.Errands.Keyed;
using Broker.Pools.Decisions;
using Broker.Settlement;

namespace Broker.Pools;

/// <summary>
/// The errands of a pool from their arrival to their refusal: what its actor does with them beside lending connections. Answers of those
/// that ran are told by their connection. Mutable, and owned by the pool's actor.
/// </summary>
internal sealed class ErrandDesk
{
    private PoolPlan _plan;
    private readonly PoolTelemetry _telemetry;
    private readonly ErrandTally _tally;
    private readonly IActorRefFactory _pool;
    private IActorRef? _pruner;

    /// <param name="plan">The pool's.</param>
    /// <param name="telemetry">The pool's.</param>
    /// <param name="tally">The pool's.</param>
    /// <param name="pool">The pool's actor, which gets the ledger's pruner as a child.</param>
    internal ErrandDesk(PoolPlan plan, PoolTelemetry telemetry, ErrandTally tally, IActorRefFactory pool)
    {
        _pool = pool;
        _plan = plan;
        _telemetry = telemetry;
        _tally = tally;
        Texts = new(plan.Packing, plan.Errands, plan.Time);
        Line = new(plan.Packing, plan.Errands, PatienceOf(plan), Texts, plan.MostTrips, plan.Time);
    }

    /// <summary>What is known of their texts.</summary>
    internal ErrandTexts Texts { get; }

    /// <summary>Those that wait, and the trips under way.</summary>
    internal ErrandLine Line { get; }

    /// <summary>The pool's plan is another. What its errands are by themselves is not read anew.</summary>
    internal void Change(PoolPlan plan)
    {
        _plan = plan;
        (Line.Patience, Line.MostConnections) = (PatienceOf(plan), plan.MostTrips);
    }

    /// <summary>Puts an errand in line, or refuses it at once. True when it stands in line.</summary>
    internal bool Take(RunErrand errand, IActorRef caller, PoolState pool)
    {
        // First, for the others say that it is safe to send it again.
        var failure = MayHaveRun(errand) ?? pool.RefusesErrands
            ?? IdempotencyKeys.Refusal(errand, _plan.Pool, _plan.Errands.Ledger.Table is not null)
            ?? TooMany(pool) ?? Line.Add(errand, caller);
        if (failure is null)
        {
            if (errand.Limits.IdempotencyKey is not null)
            {
                TellPruner();
            }
            return true;
        }
        caller.Tell(new Refused(failure), ActorRefs.NoSender);
        _telemetry.ErrandFailed(failure, TimeSpan.Zero);
        return false;
    }

    /// <summary>
    /// Why an errand that was sent before is not run again; null when that does no harm, or its key tells what became of it.
    /// </summary>
    private OutcomeUnknown? MayHaveRun(RunErrand errand) =>
        errand is { SentBefore: true, Limits.IdempotencyKey: null } && (errand.Unit is not null || Texts.Find(errand).Facts.Writes)
            ? new(_plan.Pool, "the link to the broker was lost while it ran, and the broker that is there now has no memory of it")
            : null;

    /// <summary>Cancels an errand. Returns the connection that must be told, since the errand runs there alone; null for none.</summary>
    internal ConnectionId? Cancel(ErrandId id)
    {
        if (Withdraw(id))
        {
            return null;
        }
        if (Line.Carrying(id) is not { } carried)
        {
            return null;
        }
        if (carried.Trip.Members.Length == 1)
        {
            return carried.Connection;
        }
        switch (carried.Trip.Shape)
        {
            // Nobody cancels a group: its read is answered here, and what the server answers is dropped by the caller.
            case TripShape.ReadGroup:
                var thrownAway = new Cancelled("while it ran with others; its result is thrown away");
                carried.Errand.Caller.Tell(new Refused(thrownAway), ActorRefs.NoSender);
                _tally.ToldEarly(carried.Errand, thrownAway);
                return null;
            // A write gets its true outcome.
            default: return null;
        }
    }

    /// <summary>Takes an errand out of line; one that was sent is left alone. False when it does not stand in line.</summary>
    internal bool Withdraw(ErrandId id)
    {
        if (Line.Withdraw(id) is not { } waiting)
        {
            return false;
        }
        Refuse(waiting, new Cancelled("while it waited in line"));
        return true;
    }

    /// <summary>Refuses those that have waited for as long as they may.</summary>
    internal void Expire(PoolState pool)
    {
        foreach (var late in Line.Expire())
        {
            var waited = _plan.Time.GetElapsedTime(late.Arrived);
            var oldest = Line.Oldest is { } still ? _plan.Time.GetElapsedTime(still) : waited;
            Refuse(late, pool.WhyNoConnection(Line.Waiting + 1, waited > oldest ? waited : oldest, waited));
        }
    }

    /// <summary>Refuses all that wait.</summary>
    internal void RefuseAll(Failure failure)
    {
        foreach (var errand in Line.RemoveAll())
        {
            Refuse(errand, failure);
        }
    }

    /// <summary>Tells those whose connection's actor died without a word: what it carried is lost with it.</summary>
    internal void LoseWith(ConnectionId connection)
    {
        const string Cause = "its connection's actor died";
        foreach (var lost in Line.Lost(connection))
        {
            Refuse(lost, lost.Writes ? new OutcomeUnknown(_plan.Pool, Cause) : new ConnectionLost(_plan.Pool, Cause));
        }
    }

    /// <summary>A key is about to be written.</summary>
    internal void TellPruner()
    {
        _pruner ??= _pool.ActorOf(LedgerPruner.For(LedgerTable.Named(_plan.Errands.Ledger.Table!), _plan.Errands.Ledger.Keep), "ledger");
        _pruner.Tell(LedgerPruner.KeyTaken.Instance);
    }

    private static TimeSpan PatienceOf(PoolPlan plan) => plan.Errands.WaitTimeout ?? plan.Settings.AcquireTimeout;

    private Failure? TooMany(PoolState pool) =>
        _plan.Errands.MaxWaiting is { } most && Line.Waiting >= most
            ? pool.WhyNoConnection(Line.Waiting, TimeSpan.Zero, TimeSpan.Zero)
            : null;

    private void Refuse(Errand errand, Failure failure)
    {
        errand.Caller.Tell(new Refused(failure), ActorRefs.NoSender);
        _tally.Refused(errand, failure);
    }
}
