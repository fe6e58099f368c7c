using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Connections;
using Broker.Settlement;

namespace Broker.Errands;

/// <summary>
/// Settles one group whose COMMIT was sent and not answered, and only then tells its members: nothing of it is run again before its outcome is known.
/// It opens a connection of its own under a reserve permit, so that it can work while all others are lent. When it dies its members are told that the
/// outcome is unknown.
/// </summary>
internal sealed class TripSettler : UntypedActor, IWithTimers
{
    private readonly SettlerPlan _plan;
    private readonly ConnectionEvents.TripInDoubt _doubt;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private PermitId? _permit;
    private Task _settling = Task.CompletedTask;
    private bool _told;

    public TripSettler(SettlerPlan plan, ConnectionEvents.TripInDoubt doubt) => (_plan, _doubt) = (plan, doubt);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(SettlerPlan plan, ConnectionEvents.TripInDoubt doubt) => Props.Create(() => new TripSettler(plan, doubt));

    private sealed record PermitOverdue : INoSerializationVerificationNeeded
    {
        internal static readonly PermitOverdue Instance = new();
    }

    private sealed record Settled(SettledOutcome Outcome) : INoSerializationVerificationNeeded;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _plan.Budget.Tell(new BudgetCommands.AskPermit(Self, _plan.Pool, 1, 1, Reserve: true));
        Timers.StartSingleTimer(nameof(PermitOverdue), PermitOverdue.Instance, _plan.Errands.SettleTimeout);
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BudgetEvents.PermitGranted granted:
                Timers.Cancel(nameof(PermitOverdue));
                _permit = granted.Permit;
                var settling = SettleAsync(Self, granted.Permit, _stopping.Token);
                _settling = settling;
                _ = settling.PipeTo(Self, success: static o => new Settled(o), failure: static e => new Settled(new SettledOutcome.Unknown(e.Message)));
                break;
            case PermitOverdue: End(new SettledOutcome.Unknown("the server's budget had no connection to ask with (broker.errands.settle-timeout)")); break;
            case BudgetEvents.PermitsDenied denied: End(new SettledOutcome.Unknown(denied.Cause)); break;
            case Settled settled: End(settled.Outcome); break;
            case IBudgetEvent: break;
            default: Unhandled(message); break;
        }
    }

    private async Task<SettledOutcome> SettleAsync(IActorRef self, PermitId permit, CancellationToken cancel)
    {
        var runner = new SettlementRunner(_plan.Ledger, _plan.Time);
        var state = runner.Begin(
            new CommitInDoubt(_doubt.Backend, _doubt.Doubt.TransactionId, CommitSent: true, Key), SettleLimits.For(_plan.Errands.SettleTimeout));
        while (state.Outcome is null)
        {
            var (connection, failure) = await _plan.Connector.ConnectAsync(_plan.Pool, cancel);
            if (connection is null)
            {
                state = runner.NoConnection(state, failure!.Message);
                await Task.Delay(state.Pause, _plan.Time, cancel);
                continue;
            }
            await using (connection)
            {
                // Should this actor be stopped now, its permit becomes a ghost that the server can be asked about.
                _plan.Budget.Tell(new BudgetCommands.NameBackend(self, permit, connection.Backend!), ActorRefs.NoSender);
                state = await runner.RunAsync(state, connection.Own, cancel);
            }
        }
        return state.Outcome;
    }

    /// <summary>The key that the trip's one member wrote into the ledger, if it has one.</summary>
    private string? Key => _doubt.Doubt.Members is [{ Errand.Request.Limits.IdempotencyKey: { } key }] ? key : null;

    private void End(SettledOutcome outcome)
    {
        _told = true;
        _log.Info("Transaction {TransactionId} of pool {Pool}, in doubt since its connection was lost, is settled: {Outcome}", _doubt.Doubt.TransactionId, _plan.Pool, outcome);
        _plan.Telemetry(outcome);
        switch (outcome)
        {
            case SettledOutcome.Committed:
                foreach (var (errand, answer) in _doubt.Doubt.Members)
                {
                    TellCommitted(errand, answer);
                }
                break;
            case SettledOutcome.Aborted { KeyRefused: true }: TellAll(new KeySpent(_plan.Pool, Key!)); break;
            case SettledOutcome.Aborted: RunAgain(); break;
            case SettledOutcome.Unknown unknown: TellUnknown(unknown.Cause); break;
        }
        Context.Stop(Self);
    }

    // An answer that was read before the loss is as good as one read after COMMIT.
    private void TellCommitted(Errand errand, ErrandCompleted? answer) =>
        Tell(errand, answer ?? (IBrokerReply)new Refused(new AnswerLost(_plan.Pool, _doubt.Doubt.TransactionId ?? 0)));

    private void TellUnknown(string cause) =>
        TellAll(new CommitUnknown(_plan.Pool, _doubt.Doubt.TransactionId ?? 0, _doubt.Backend.Pid, cause));

    private void TellAll(Failure failure)
    {
        var refused = new Refused(failure);
        foreach (var (errand, _) in _doubt.Doubt.Members)
        {
            Tell(errand, refused);
        }
    }

    /// <summary>
    /// Nothing took effect. The member that the server was working on when it ended the connection may be why it did, so it is told, not repeated.
    /// Where the server said nothing nobody is to blame: had a statement made its process crash, the outcome would not be known.
    /// </summary>
    private void RunAgain()
    {
        var again = ImmutableArray.CreateBuilder<Errand>();
        for (var i = 0; i < _doubt.Doubt.Members.Length; i++)
        {
            var errand = _doubt.Doubt.Members[i].Errand;
            if (i == _doubt.Doubt.Executing)
            {
                Tell(errand, new Refused(new ConnectionLost(_plan.Pool, $"{_doubt.Cause}; it is settled that nothing took effect")));
            }
            else
            {
                again.Add(errand);
            }
        }
        Context.Parent.Tell(new RunErrandsAgain(again.ToImmutable()));
    }

    private void Tell(Errand errand, IBrokerReply reply)
    {
        errand.Caller.Tell(reply, ActorRefs.NoSender);
        _plan.Answered(errand, reply);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopping.Cancel();
        if (_permit is { } permit)
        {
            // When it is stopped in the middle its connection closes after it. Until then the budget counts a ghost, which this release ends.
            var (budget, release) = (_plan.Budget, new BudgetCommands.ReleasePermit(Self, permit));
            _ = _settling.ContinueWith(_ => budget.Tell(release, ActorRefs.NoSender), TaskScheduler.Default);
        }
        if (!_told)
        {
            TellUnknown("the broker stopped before it was settled");
        }
    }
}

/// <summary>What a settler needs to know.</summary>
internal sealed record SettlerPlan(
    Client.Protocol.PoolId Pool, PhysicalConnector Connector, IActorRef Budget, ErrandSettings Errands, LedgerTable? Ledger, TimeProvider Time,
    Action<SettledOutcome> Telemetry, Action<Errand, IBrokerReply> Answered);

/// <summary>Errands of a group that is settled as never having happened: they go back in line, each to run alone.</summary>
internal sealed record RunErrandsAgain(ImmutableArray<Errand> Errands);
