using Akka.Actor;
using Akka.Event;
using Broker.Budgets;

namespace Broker.Connections;

/// <summary>
/// Has the server end one of its processes, for a connection that cannot be closed from this side because its holder is using it. It needs
/// a connection of its own for that, hence a permit, which may be one of the reserve. It dies when it is done or cannot do it; its parent
/// watches it.
/// </summary>
internal sealed class ProcessEnder : UntypedActor
{
    private readonly ConnectionPlan _plan;
    private readonly BackendIdentity _backend;
    private readonly CancellationTokenSource _stopping = new();
    private Task _ending = Task.CompletedTask;
    private PermitId? _permit;

    public ProcessEnder(ConnectionPlan plan, BackendIdentity backend) => (_plan, _backend) = (plan, backend);

    /// <summary>How to make one.</summary>
    /// <param name="plan">That of the connection.</param>
    /// <param name="backend">The process to end, if it is still the same one.</param>
    internal static Props For(ConnectionPlan plan, BackendIdentity backend) => Props.Create(() => new ProcessEnder(plan, backend));

    /// <summary>
    /// Stops a connection that is closed, unless a process is still being ended for it: that is to happen, though nobody waits for it any
    /// more. To be called again when one is over.
    /// </summary>
    internal static void StopBehind(IActorContext connection)
    {
        if (!connection.GetChildren().Any())
        {
            connection.Stop(connection.Self);
        }
    }

    private sealed record Over : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly Over Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => _plan.Budget.Tell(new BudgetCommands.AskPermit(Self, _plan.Pool, 1, 1, Reserve: true));

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BudgetEvents.PermitGranted granted:
                _permit = granted.Permit;
                _ending = _plan.Connector.TerminateAsync(_plan.Pool, _backend, _stopping.Token);
                _ = _ending.PipeTo(Self, success: static () => Over.Instance, failure: static _ => Over.Instance);
                break;
            case BudgetEvents.PermitsDenied or Over: Context.Stop(Self); break;
            case IBudgetEvent: break;
            default: Unhandled(message); break;
        }
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
            _ = _ending.ContinueWith(_ => budget.Tell(release, ActorRefs.NoSender), TaskScheduler.Default);
        }
    }
}
