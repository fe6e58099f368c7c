using Akka.Actor;
using Akka.Event;
using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Connections;
using Broker.Pools;

namespace Broker.Listening;

/// <summary>
/// Owns the one connection on which a pool listens, for all its listeners: opened with the first, closed with the last, made anew when it
/// is lost. It is none of the pool's connections, but counts against the server's budget. It talks to the budget, and to those who listen;
/// each of them is told by itself, so that none waits for another.
/// <para>
/// Silent → AwaitingPermit → Connecting → Changing ⇄ Waiting → Closing → Silent; lost: AwaitingPermit; failed: Pausing → AwaitingPermit.
/// Channels are changed between two waits: whatever changes while something is under way is looked at when that ends. When the actor dies
/// its connection closes behind the task under way.
/// </para>
/// </summary>
internal sealed class ListenerActor : UntypedActor, IWithTimers
{
    private readonly ListenerPlans _plans;
    private readonly Audience _audience = new();
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _stopping = new();
    private HashSet<string> _listened = [];
    private CancellationTokenSource? _wake;
    private ListeningLink? _link;
    private PermitId? _permit;
    private Task _underWay = Task.CompletedTask;
    private Failure? _lastFailure;
    private int _failures;
    private bool _renew;
    private bool _poolStops;

    public ListenerActor(ListenerPlan plan) => _plans = new(plan);

    private ListenerPlan Plan => _plans.Now;

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(ListenerPlan plan) => Props.Create(() => new ListenerActor(plan));

    private sealed record Heard(ListeningLink Link, string Channel, string Payload, int SenderPid)
        : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record ConnectDone(PhysicalConnection? Connection, Failure? Failure) : INoSerializationVerificationNeeded;

    private sealed record ChangeDone(string? Problem) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record WaitOver(WaitEnd End) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record Overdue(string Channel, IActorRef Listener) : INoSerializationVerificationNeeded;

    private sealed record CloseDone : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        internal static readonly CloseDone Instance = new();
    }

    private sealed record PauseOver : INoSerializationVerificationNeeded
    {
        internal static readonly PauseOver Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => Become(Silent);

    /// <inheritdoc/>
    protected override void OnReceive(object message) => Unhandled(message);

    private void Silent(object message)
    {
        OnAny(message);
        AskPermitIfWanted();
    }

    private void AskPermitIfWanted()
    {
        _plans.TakeNext();
        if (_audience.IsEmpty)
        {
            Become(Silent);
            return;
        }
        Become(AwaitingPermit);
        Plan.Budget.Tell(new BudgetCommands.AskPermit(Self, Plan.Pool, 1, 1));
    }

    private void AwaitingPermit(object message)
    {
        switch (message)
        {
            case BudgetEvents.PermitGranted granted when !_plans.IsFormer(Sender):
                _permit = granted.Permit;
                Connect();
                break;
            case BudgetEvents.PermitsDenied denied: OnFailed(new ServerUnavailable(Plan.Pool, "its budget", denied.Cause)); break;
            default:
                OnAny(message);
                if (_audience.IsEmpty || _plans.IsOver)
                {
                    Plan.Budget.Tell(new BudgetCommands.WithdrawPermits(Self, 1));
                    AskPermitIfWanted();
                }
                break;
        }
    }

    private void Connect()
    {
        Become(Connecting);
        var connecting = Plan.Connector.ConnectAsync(Plan.Pool, _stopping.Token);
        _underWay = connecting;
        _ = connecting.PipeTo(Self, success: static made => new ConnectDone(made.Connection, made.Failure));
    }

    private void Connecting(object message)
    {
        switch (message)
        {
            case ConnectDone { Connection: { } physical }:
                var self = Self;
                _link = new(
                    physical, (link, note) => self.Tell(new Heard(link, note.Channel, note.Payload, note.PID), ActorRefs.NoSender),
                    Plan.Settings.Keepalive, Plan.Settings.PingTimeout);
                Plan.Budget.Tell(new BudgetCommands.NameBackend(Self, _permit!.Value, physical.Backend!));
                (_failures, _lastFailure, _renew, _listened) = (0, null, _plans.IsOver, []);
                Onward(prove: false);
                break;
            case ConnectDone failed:
                Release();
                OnFailed(failed.Failure!);
                break;
            default: OnAny(message); break;
        }
    }

    /// <summary>What is due on the connection now: to close it, to change what it listens to, to prove it alive, or to wait.</summary>
    private void Onward(bool prove)
    {
        if (_audience.IsEmpty || _renew)
        {
            Close();
            return;
        }
        string[] added = [.. _audience.Channels.Except(_listened)];
        string[] removed = [.. _listened.Except(_audience.Channels)];
        if (added.Length + removed.Length == 0 && !prove)
        {
            Wait();
            return;
        }
        _listened.ExceptWith(removed);
        _listened.UnionWith(added);
        Become(Changing);
        var changing =
            _link!.RunAsync([.. removed.Select(c => Audience.Command("UNLISTEN", c)), .. added.Select(c => Audience.Command("LISTEN", c))]);
        _underWay = changing;
        _ = changing.PipeTo(Self, success: static problem => new ChangeDone(problem));
    }

    private void Changing(object message)
    {
        switch (message)
        {
            case ChangeDone { Problem: null }:
                TellStarted();
                Onward(prove: false);
                break;
            case ChangeDone failed: OnLost(failed.Problem!); break;
            default: OnAny(message); break;
        }
    }

    private void TellStarted()
    {
        foreach (var channel in _listened)
        {
            foreach (var (listener, before) in _audience.Resume(channel))
            {
                Timers.Cancel(new Overdue(channel, listener));
                listener.Tell(before == Hearing.Interrupted ? new ListeningGap(channel) : new ListeningStarted(channel));
            }
        }
    }

    private void Wait()
    {
        Become(Waiting);
        TellStarted();
        _wake?.Dispose();
        _wake = new();
        var waiting = _link!.WaitAsync(_wake.Token);
        _underWay = waiting;
        _ = waiting.PipeTo(Self, success: static end => new WaitOver(end));
    }

    private void Waiting(object message)
    {
        switch (message)
        {
            case WaitOver { End: WaitEnd.Lost }: OnLost("the connection was lost"); break;
            case WaitOver over: Onward(prove: over.End == WaitEnd.Quiet); break;
            case Heard: OnAny(message); break;
            default:
                OnAny(message);
                if (_renew || !_listened.SetEquals(_audience.Channels))
                {
                    _wake!.Cancel();
                }
                else
                {
                    TellStarted();
                }
                break;
        }
    }

    private void Close()
    {
        Become(Closing);
        _audience.Interrupt();
        var closing = _link!.DisposeAsync().AsTask();
        (_link, _underWay) = (null, closing);
        _ = closing.ContinueWith(static _ => CloseDone.Instance, TaskScheduler.Default).PipeTo(Self);
    }

    private void Closing(object message)
    {
        if (message is CloseDone)
        {
            Release();
            AskPermitIfWanted();
        }
        else
        {
            OnAny(message);
        }
    }

    private void OnLost(string cause)
    {
        _log.Warning("The listening connection of pool {Pool} is lost and made anew: {Cause}", Plan.Pool, cause);
        _audience.Interrupt();
        _ = _link!.DisposeAsync().AsTask();
        // Nobody saw the server end it.
        Plan.Budget.Tell(new BudgetCommands.ReleaseGhost(Self, _permit!.Value, _link.Backend));
        (_link, _permit) = (null, null);
        AskPermitIfWanted();
    }

    private void OnFailed(Failure failure)
    {
        _lastFailure = failure;
        _log.Warning("Pool {Pool} cannot connect to listen: {Reason}", Plan.Pool, failure.Message);
        // One that may go well next time is told to nobody before its patience is over.
        if (!failure.IsTransient)
        {
            Refuse(_audience.NotYetStarted(), failure);
        }
        Timers.StartSingleTimer(nameof(PauseOver), PauseOver.Instance,
            Plan.Settings.Reconnect.PauseAfter(_failures++, Random.Shared.NextDouble()));
        Become(Pausing);
    }

    private void Pausing(object message)
    {
        if (message is PauseOver)
        {
            AskPermitIfWanted();
        }
        else
        {
            OnAny(message);
        }
    }

    /// <summary>What may come at any time.</summary>
    private void OnAny(object message)
    {
        switch (message)
        {
            case Heard heard when heard.Link == _link:
                foreach (var listener in _audience.Hearers(heard.Channel))
                {
                    listener.Tell(new Notified(heard.Channel, heard.Payload, heard.SenderPid));
                }
                break;
            case Heard: break;
            case StartListening start: OnStart(start.Channel, Sender); break;
            case StopListening stop: OnStop(stop.Channel, Sender); break;
            case Terminated dead: _audience.RemoveAll(dead.ActorRef); break;
            case Overdue late: OnOverdue(late); break;
            case InvalidatePool: _renew = _link is not null; break;
            case ChangeListenerPlan change:
                _plans.Change(change);
                _renew |= change.Renew && _link is not null;
                break;
            case PoolCommands.StopPool: OnPoolStops(); break;
            // The pool answers for both: it has connections to ask on.
            case BudgetEvents.ProbeGhosts probe: Context.Parent.Forward(probe); break;
            case BudgetEvents.PermitGranted late:
                (_plans.IsFormer(Sender) ? Sender : Plan.Budget).Tell(new BudgetCommands.ReleasePermit(Self, late.Permit));
                break;
            // It has one connection, which is in use for as long as there is one: there is nothing to give up.
            case IBudgetEvent: break;
            case PauseOver: break;
            default: Unhandled(message); break;
        }
    }

    private void OnStart(string channel, IActorRef listener)
    {
        if (_poolStops || Audience.Refusal(channel) is not null)
        {
            Failure failure = _poolStops
                ? new BrokerStopping($"pool {Plan.Pool}")
                : new StatementRefused(Audience.Refusal(channel)!, channel);
            listener.Tell(new Refused(failure));
            return;
        }
        Context.Watch(listener);
        if (_audience.Add(channel, listener) == Hearing.NotYet)
        {
            Timers.StartSingleTimer(new Overdue(channel, listener), new Overdue(channel, listener), Plan.Settings.AcquireTimeout);
        }
        else
        {
            listener.Tell(new ListeningStarted(channel));
        }
    }

    private void OnStop(string channel, IActorRef listener)
    {
        Timers.Cancel(new Overdue(channel, listener));
        if (_audience.Remove(channel, listener) && !_audience.Has(listener))
        {
            Context.Unwatch(listener);
        }
    }

    private void OnOverdue(Overdue late)
    {
        OnStop(late.Channel, late.Listener);
        var cause = $"no connection to listen on within {Plan.Settings.AcquireTimeout.TotalSeconds:0.###} s "
            + $"(broker.databases.{Plan.Pool.Database}.pool.acquire-timeout, broker.servers.*.max-connections)";
        late.Listener.Tell(new Refused(_lastFailure ?? new ServerUnavailable(Plan.Pool, "its server", cause)));
    }

    private void OnPoolStops()
    {
        _poolStops = true;
        Refuse(_audience.All(), new BrokerStopping($"pool {Plan.Pool}"));
    }

    private void Refuse(IEnumerable<(string Channel, IActorRef Listener)> whom, Failure failure)
    {
        foreach (var (channel, listener) in whom)
        {
            OnStop(channel, listener);
            listener.Tell(new Refused(failure));
        }
    }

    private void Release()
    {
        Plan.Budget.Tell(new BudgetCommands.ReleasePermit(Self, _permit!.Value));
        _permit = null;
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopping.Cancel();
        _wake?.Cancel();
        OnPoolStops();
        _ = EndAsync(_underWay, _link);
    }

    private static async Task EndAsync(Task underWay, ListeningLink? link)
    {
        await underWay.ContinueWith(static _ => { }, TaskScheduler.Default);
        if (link is not null)
        {
            await link.DisposeAsync();
        }
        else if (underWay is Task<(PhysicalConnection? Connection, Failure?)> { IsCompletedSuccessfully: true } connecting
            && (await connecting).Connection is { } late)
        {
            await late.DisposeAsync();
        }
    }
}
