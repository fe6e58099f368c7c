using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Settlement;

/// <summary>
/// Removes keys older than `errands.ledger.keep` from a pool's ledger: an errand like any other, told to its pool and carried alone, in
/// portions so small that no lock is held for long. It works only when keys are written, because only then the ledger grows: soon after the
/// first, and then at most once in a while. Owns nothing; when it dies, nothing is pruned until its pool begins anew.
/// </summary>
internal sealed class LedgerPruner : UntypedActor, IWithTimers
{
    private const int Portion = 1_000;
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LeastRest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MostRest = TimeSpan.FromHours(1);

    private readonly LedgerStatements _ledger;
    private readonly TimeSpan _keep;
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private bool _keyTaken;
    private long _portions;

    public LedgerPruner(LedgerTable table, TimeSpan keep) => (_ledger, _keep) = (new(table), keep);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one, as a child of its pool.</summary>
    internal static Props For(LedgerTable table, TimeSpan keep) => Props.Create(() => new LedgerPruner(table, keep));

    /// <summary>A key is about to be written.</summary>
    internal sealed record KeyTaken
    {
        internal static readonly KeyTaken Instance = new();
    }

    private sealed record Due : INoSerializationVerificationNeeded
    {
        internal static readonly Due Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => Become(Quiet);

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Unhandled(message);

    private void Quiet(object message)
    {
        switch (message)
        {
            case KeyTaken: WorkAfter(Soon); break;
            default: Unhandled(message); break;
        }
    }

    private void WorkAfter(TimeSpan pause)
    {
        Timers.StartSingleTimer(nameof(Due), Due.Instance, pause);
        Become(Working);
    }

    private void Working(object message)
    {
        switch (message)
        {
            case KeyTaken: _keyTaken = true; break;
            case Due:
                _keyTaken = false;
                Context.Parent.Tell(new RunErrand(new ErrandId(0, ++_portions), _ledger.Prune(_keep, Portion), CallerContext.None,
                    ErrandLimits.Default));
                break;
            case ErrandCompleted { Affected: >= Portion }: WorkAfter(Soon); break;
            case ErrandCompleted: Rest(); break;
            // No ledger yet: its first key makes it.
            case Refused { Failure: StatementFailed { SqlState: PostgresErrorCodes.UndefinedTable } }: Rest(); break;
            case Refused refused:
                _log.Warning("Old idempotency keys could not be pruned: {Reason}", refused.Failure.Message);
                Rest();
                break;
            default: Unhandled(message); break;
        }
    }

    private void Rest()
    {
        var rest = _keep / 24;
        Timers.StartSingleTimer(nameof(Due), Due.Instance, rest < LeastRest ? LeastRest : rest > MostRest ? MostRest : rest);
        Become(Resting);
    }

    private void Resting(object message)
    {
        switch (message)
        {
            case KeyTaken: _keyTaken = true; break;
            case Due when _keyTaken: WorkAfter(TimeSpan.Zero); break;
            case Due: Become(Quiet); break;
            default: Unhandled(message); break;
        }
    }
}
