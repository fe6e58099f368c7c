using Akka.Actor;
using Akka.Event;
using Broker.Budgets;
using Broker.Client.Protocol;
using Broker.Configuration;
using Broker.Connections;

namespace Broker.Settlement;

/// <summary>
/// Settles one transaction whose COMMIT was sent and not answered, and only then tells the outcome to whom it may concern: nothing is run
/// again before. It opens a connection of its own under a reserve permit, so that it can work while all others are lent. When it dies the
/// outcome is told as unknown.
/// </summary>
internal sealed class CommitSettler : UntypedActor, IWithTimers
{
    private readonly SettlerPlan _plan;
    private readonly CommitInDoubt _doubt;
    private readonly Action<SettledOutcome> _tell;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private PermitId? _permit;
    private Task _settling = Task.CompletedTask;
    private bool _told;

    public CommitSettler(SettlerPlan plan, CommitInDoubt doubt, Action<SettledOutcome> tell) =>
        (_plan, _doubt, _tell) = (plan, doubt, tell);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    /// <param name="plan">Its pool's settings.</param>
    /// <param name="doubt">The transaction.</param>
    /// <param name="tell">Told the outcome, once, on this actor.</param>
    internal static Props For(SettlerPlan plan, CommitInDoubt doubt, Action<SettledOutcome> tell) =>
        Props.Create(() => new CommitSettler(plan, doubt, tell));

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
                _ = settling.PipeTo(Self, success: static o => new Settled(o),
                    failure: static e => new Settled(new SettledOutcome.Unknown(e.Message)));
                break;
            case PermitOverdue:
                End(new SettledOutcome.Unknown("the server's budget had no connection to ask with (broker.errands.settle-timeout)"));
                break;
            case BudgetEvents.PermitsDenied denied: End(new SettledOutcome.Unknown(denied.Cause)); break;
            case Settled settled: End(settled.Outcome); break;
            case IBudgetEvent: break;
            default: Unhandled(message); break;
        }
    }

    private async Task<SettledOutcome> SettleAsync(IActorRef self, PermitId permit, CancellationToken cancel)
    {
        var runner = new SettlementRunner(_plan.Ledger, _plan.Time);
        var state = runner.Begin(_doubt, SettleLimits.For(_plan.Errands.SettleTimeout));
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

    private void End(SettledOutcome outcome)
    {
        _told = true;
        _log.Info("Transaction {TransactionId} of pool {Pool}, in doubt since its connection was lost, is settled: {Outcome}",
            _doubt.TransactionId, _plan.Pool, outcome);
        _plan.Telemetry(outcome);
        _tell(outcome);
        Context.Stop(Self);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopping.Cancel();
        if (_permit is { } permit)
        {
            // When it is stopped in the middle its connection closes after it. Until then the budget counts a ghost, which this release
            // ends.
            var (budget, release) = (_plan.Budget, new BudgetCommands.ReleasePermit(Self, permit));
            _ = _settling.ContinueWith(_ => budget.Tell(release, ActorRefs.NoSender), TaskScheduler.Default);
        }
        if (!_told)
        {
            _tell(SettledOutcome.Unknown.PoolEnded);
        }
    }
}

/// <summary>What a settler needs to know.</summary>
internal sealed record SettlerPlan(
    PoolId Pool, PhysicalConnector Connector, IActorRef Budget, ErrandSettings Errands, LedgerTable? Ledger, TimeProvider Time,
        Action<SettledOutcome> Telemetry);

/// <summary>
/// Has a pool settle a transaction that ran on a connection lent by it. Answered by <see cref="CommitSettled"/>, whatever happens.
/// </summary>
/// <param name="Doubt">The transaction.</param>
internal sealed record SettleCommit(CommitInDoubt Doubt);

/// <summary>What became of it.</summary>
/// <param name="Outcome">The outcome.</param>
internal sealed record CommitSettled(SettledOutcome Outcome);
