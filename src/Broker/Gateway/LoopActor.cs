using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Gateway.Access;
using Broker.Gateway.Clients;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Shares;

namespace Broker.Gateway;

/// <summary>
/// The parent of all actors of one loop: it makes a client's actors, one after the other as the client proceeds, and the shares of the
/// pools that clients of the loop use. A child that fails is stopped, and closes what it owns. When a share has ended, clients of its pool
/// are closed, since their links are gone.
/// </summary>
internal sealed class LoopActor : UntypedActor, IWithTimers
{
    private readonly ExchangeBuffers _buffers = new();
    private readonly Dictionary<PoolId, ShareFound> _shares = [];
    private GatewayPlan? _plan;
    private GatewayDoor? _door;

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one; to be given the dispatcher of its loop.</summary>
    internal static Props Create() => Props.Create(static () => new LoopActor());

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case TakeClient client: Make(WireStartupActor.For(_plan!, _door!.Tls, client)); break;
            case ClientIntroduced client: Make(WireLoginActor.For(_plan!, _door!, client)); break;
            case ClientEntered client: Make(WireClientActor.For(_plan!, _buffers, client)); break;
            case FindShare find: Sender.Tell(ShareOf(find), ActorRefs.NoSender); break;
            case LoopCommands.Begin begin: OnBegin(begin); break;
            case LookAtClock: TellAll(message); break;
            case LoopCommands.ChangeDoor change: _door = change.Door; break;
            case LoopCommands.Drain: OnDrain(); break;
            case Terminated dead: OnShareEnded(dead.ActorRef); break;
            default: Unhandled(message); break;
        }
    }

    private void OnBegin(LoopCommands.Begin begin)
    {
        (_plan, _door) = (begin.Plan, begin.Door);
        if (ClientClock.Look(_plan.Settings.Timeouts) is { } look)
        {
            Timers.StartPeriodicTimer(nameof(LookAtClock), LookAtClock.Instance, look);
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var share in _shares.Values)
        {
            share.Telemetry.Dispose();
        }
    }

    private static void TellAll(object message)
    {
        foreach (var child in Context.GetChildren())
        {
            child.Tell(message, ActorRefs.NoSender);
        }
    }

    // children do not inherit the dispatcher
    private static IActorRef Make(Props props) => Context.ActorOf(props.WithDispatcher(Context.Dispatcher.Id));

    private ShareFound ShareOf(FindShare find)
    {
        var pool = find.Pool.Pool;
        if (_shares.TryGetValue(pool, out var found))
        {
            return found;
        }
        var book = new Prepared.StatementBook();
        var links = find.Pool.Links with { Telemetry = _plan!.Telemetry.ForShare(pool) };
        var verdicts = new Traces.TextVerdicts(links.Database.Packing, links.Database.Errands.StatementsCached, links.Time);
        var share = Context.Watch(Make(ShareActor.For(links, find.Pool.Supervisor, book, verdicts, _buffers)));
        return _shares[pool] = new(share, book, verdicts, _buffers, links.Telemetry);
    }

    private void OnDrain()
    {
        var close = new CloseClient(new BrokerStopping("the gateway"));
        foreach (var child in Context.GetChildren())
        {
            child.Tell(_shares.Values.Any(share => share.Share.Equals(child)) ? ShareCommands.Stop.Instance : close, ActorRefs.NoSender);
        }
    }

    private void OnShareEnded(IActorRef share)
    {
        var pool = _shares.First(one => one.Value.Share.Equals(share)).Key;
        _shares.Remove(pool, out var ended);
        ended!.Telemetry.Dispose();
        TellAll(new ShareEnded(share, new ConnectionLost(pool, "its share on the loop ended")));
    }
}
