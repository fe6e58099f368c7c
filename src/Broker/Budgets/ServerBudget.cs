using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Broker.Diagnostics;

namespace Broker.Budgets;

/// <summary>
/// Owns the connections one server grants this broker: no pool opens one without a permit of this actor, so that all pools together never
/// exceed `max-connections`, however many they are. Talks to the pools of its server only, and never sees a connection.
/// </summary>
/// <remarks>
/// One state. It watches each pool that ever asked: one that dies leaves its permits as ghosts. If this actor itself dies, its permits are
/// forgotten while the connections live on, so its supervisor must not restart it alone: the pools of its server go with it.
/// </remarks>
internal sealed class ServerBudget : UntypedActor
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(100);

    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly string _server;
    private readonly TimeProvider _time;
    private readonly long _started;
    private ImmutableDictionary<IActorRef, HolderId> _ids = [];
    private ImmutableDictionary<HolderId, IActorRef> _pools = [];
    private BudgetState _state;
    private ITimer? _ticks;
    private readonly BrokerMeter _meter;
    private ServerTelemetry _telemetry;
    private long _lastHolder;

    /// <summary>The budget of a server.</summary>
    /// <param name="server">Its name in the settings (`broker.servers.{name}`).</param>
    /// <param name="limits">What it allows.</param>
    /// <param name="meter">What is measured.</param>
    /// <param name="time">The clock of turns, yields and ghosts.</param>
    /// <param name="number">Which budget of the broker's it is.</param>
    public static Props For(string server, BudgetLimits limits, BrokerMeter meter, TimeProvider time, int number = 0) =>
        Props.Create(() => new ServerBudget(server, limits, meter, time, number));

    private sealed record Tick : INoSerializationVerificationNeeded
    {
        internal static readonly Tick Instance = new();
    }

    /// <summary>See <see cref="For"/>.</summary>
    public ServerBudget(string server, BudgetLimits limits, BrokerMeter meter, TimeProvider time, int number)
    {
        _meter = meter;
        _telemetry = meter.ForServer(server, limits.MaxConnections);
        _server = server;
        _time = time;
        _started = time.GetTimestamp();
        _state = new BudgetState(limits) { Number = number };
    }

    private TimeSpan Now => _time.GetElapsedTime(_started);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BudgetCommands.AskPermit ask: Take(Join(ask).Asked(_ids[ask.Pool], ask.Wanted, ask.Reserve, Now)); break;
            case BudgetCommands.GetBudgetStatus: Sender.Tell(BudgetStatus.Of(_server, _state)); break;
            case BudgetCommands.ChangeLimits change: OnChange(change.Limits); break;
            case BudgetCommands.BackendClosed closed: Take(_state.GhostClosed(closed.Backend)); break;
            case IBudgetCommand command when _ids.TryGetValue(command.Pool, out var holder): Take(Apply(command, holder)); break;
            // Who died with a connection open closes it after its death.
            case BudgetCommands.ReleasePermit late: Take(_state.GhostClosed(late.Permit)); break;
            case IBudgetCommand: break;
            case Tick: Take(_state); break;
            case Terminated dead: Leave(dead.ActorRef); break;
            default: Unhandled(message); break;
        }
    }

    private void OnChange(BudgetLimits limits)
    {
        _telemetry.Dispose();
        _telemetry = _meter.ForServer(_server, limits.MaxConnections);
        Take(_state with { Limits = limits });
    }

    private BudgetState Apply(IBudgetCommand command, HolderId holder)
    {
        switch (command)
        {
            case BudgetCommands.WithdrawPermits withdraw: return _state.Withdrew(holder, withdraw.Count, withdraw.Reserve);
            case BudgetCommands.NameBackend name: return _state.Named(holder, name.Permit, name.Backend);
            case BudgetCommands.ReleasePermit release: return _state.Released(holder, release.Permit, Now);
            case BudgetCommands.ReleaseGhost release: return _state.BecameGhost(holder, release.Permit, release.Backend, Now);
            case BudgetCommands.GhostsSeen seen: return _state.Saw(seen.Probe, seen.Sighting, Now);
            case BudgetCommands.LeaveBudget leave: return Forget(leave.Pool);
            default: Unhandled(command); return _state;
        }
    }

    private BudgetState Join(BudgetCommands.AskPermit ask)
    {
        if (!_ids.TryGetValue(ask.Pool, out var id))
        {
            id = new HolderId(++_lastHolder);
            _ids = _ids.Add(ask.Pool, id);
            _pools = _pools.Add(id, ask.Pool);
            Context.Watch(ask.Pool);
        }
        return _state.Joined(id, ask.Id, ask.Weight);
    }

    private void Leave(IActorRef pool)
    {
        if (_ids.ContainsKey(pool))
        {
            Take(Forget(pool));
        }
    }

    private BudgetState Forget(IActorRef pool)
    {
        var id = _ids[pool];
        _ids = _ids.Remove(pool);
        _pools = _pools.Remove(id);
        Context.Unwatch(pool);
        var left = _state.Left(id, Now);
        if (left.Ghosts.Count > _state.Ghosts.Count)
        {
            _log.Warning("server {0}: {1} is gone; {2} of its connections are ghosts", _server, pool,
                left.Ghosts.Count - _state.Ghosts.Count);
        }
        return left;
    }

    private void Take(BudgetState state)
    {
        var turn = BudgetTurn.Take(state, Now);
        _state = turn.State;
        foreach (var effect in turn.Effects)
        {
            _pools[effect.Holder].Tell(MessageOf(effect));
        }
        _telemetry.CountsChanged(_state.Used, _state.Waiting, _state.Ghosts.Count);
        KeepTime();
    }

    private static IBudgetEvent MessageOf(BudgetEffect effect) => effect switch
    {
        BudgetEffect.Grant grant => new BudgetEvents.PermitGranted(grant.Permit, grant.Reserve),
        BudgetEffect.AskYield yield => new BudgetEvents.YieldAsked(yield.Count),
        BudgetEffect.WishIdle wish => new BudgetEvents.IdleWanted(wish.Count),
        BudgetEffect.Deny deny => new BudgetEvents.PermitsDenied(deny.Count, deny.Reserve, deny.Cause),
        BudgetEffect.Probe probe => new BudgetEvents.ProbeGhosts(probe.Number, probe.Ghosts),
        _ => throw new InvalidOperationException($"no message for {effect.GetType().Name}"),
    };

    /// <summary>Time passes only while somebody waits or a ghost counts: an idle budget costs nothing.</summary>
    private void KeepTime()
    {
        if (_state.NeedsTime && _ticks is null)
        {
            var self = Self;
            _ticks = _time.CreateTimer(_ => self.Tell(Tick.Instance), null, TickEvery, TickEvery);
        }
        else if (!_state.NeedsTime)
        {
            StopTime();
        }
    }

    private void StopTime()
    {
        _ticks?.Dispose();
        _ticks = null;
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        StopTime();
        _telemetry.Dispose();
    }
}
