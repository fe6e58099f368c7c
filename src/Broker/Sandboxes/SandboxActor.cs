using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Hosting;
using Broker.Sessions;

namespace Broker.Sandboxes;

/// <summary>
/// `/user/broker/sandbox-n`: what the broker's supervisor is outside, for one sandbox: it answers for pools and conversations with those of
/// the sandbox. Children are its pools, made when they are first asked for, and its directory of conversations. It talks to the directory
/// of the real pools and to the handle.
/// <para>Open → Closing, where first the pools end and then the conversations. When it dies, the real pools take their connections
/// back.</para>
/// </summary>
internal sealed class SandboxActor : UntypedActor
{
    private readonly OpenSandbox _request;
    private BrokerSettings _settings;
    private readonly BrokerMeter _meter;
    private readonly TimeProvider _time;
    private readonly IActorRef _directory;
    private readonly Dictionary<PoolId, IActorRef> _pools = [];
    private readonly Queue<IActorRef> _finding = new();
    private readonly List<IActorRef> _closers = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private IActorRef _sessions = ActorRefs.Nobody;

    public SandboxActor(OpenSandbox request, BrokerSettings settings, BrokerMeter meter, TimeProvider time, IActorRef directory) =>
        (_request, _settings, _meter, _time, _directory) = (request, settings, meter, time, directory);

    /// <summary>How to make one.</summary>
    /// <param name="request">What was asked for.</param>
    /// <param name="settings">The broker's settings.</param>
    /// <param name="meter">What is measured.</param>
    /// <param name="time">The clock.</param>
    /// <param name="directory">The directory of the real pools.</param>
    internal static Props For(OpenSandbox request, BrokerSettings settings, BrokerMeter meter, TimeProvider time, IActorRef directory) =>
        Props.Create(() => new SandboxActor(request, settings, meter, time, directory));

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void PreStart() =>
        _sessions = Context.Watch(Context.ActorOf(SessionRegistry.For(_settings, _meter, _time, Self, sandboxed: true), "sessions"));

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case FindPool find:
                // Answers come in the order of the questions.
                _finding.Enqueue(Sender);
                _directory.Tell(find);
                break;
            case BrokerSupervisor.SettingsTaken taken:
                _settings = taken.Settings;
                _sessions.Forward(taken);
                break;
            // It was removed meanwhile.
            case PoolFound { Pool: var gone } when !_settings.Databases.ContainsKey(gone.Database):
                _finding.Dequeue().Tell(new Refused(new UnknownDatabase(gone.Database, gone.User, null)));
                break;
            case PoolFound found: _finding.Dequeue().Tell(new PoolFound(found.Pool, PoolOf(found))); break;
            case Refused refused: _finding.Dequeue().Tell(refused); break;
            case OpenSession open: OnOpening(open, message); break;
            case RunInSession { Opens: { } open }: OnOpening(open, message); break;
            case JoinSession or RunInSession or LeaveSession or CancelInSession or NoteUnsent or GetCommitOutcome:
                _sessions.Forward(message);
                break;
            case OpenSandbox:
                Sender.Tell(
                    new Refused(new SandboxRefused("another sandbox would share its one connection: open it through the broker outside")));
                break;
            case CloseSandbox close: OnClose(close.Forgotten); break;
            // One that failed has told everybody; what was done in it is gone, and a new one would be empty.
            case Terminated: break;
            default: Unhandled(message); break;
        }
    }

    private void OnOpening(OpenSession open, object message)
    {
        if (open.Terms.Isolation is { } asked && asked != _request.Isolation)
        {
            Sender.Tell(
                new Refused(
                    new SandboxRefused($"everything in it has the isolation level {_request.Isolation}, not {asked}: "
                        + "open the sandbox with that")));
        }
        else
        {
            _sessions.Forward(message);
        }
    }

    private IActorRef PoolOf(PoolFound found)
    {
        if (!_pools.TryGetValue(found.Pool, out var pool))
        {
            _pools[found.Pool] = pool =
                Context.Watch(Context.ActorOf(SandboxPool.For(SandboxPlan.For(found, _request, _settings, _time, _meter))));
        }
        return pool;
    }

    private void OnClose(bool forgotten)
    {
        if (forgotten)
        {
            _log.Warning("The sandbox that {Opener} opened was forgotten instead of disposed", _request.Opener);
        }
        _closers.Add(Sender);
        foreach (var pool in _pools.Values)
        {
            pool.Tell(new SandboxPool.End(forgotten ? "it was forgotten" : "it was closed"));
        }
        Become(Closing);
        CloseOn();
    }

    private void Closing(object message)
    {
        switch (message)
        {
            case CloseSandbox: _closers.Add(Sender); break;
            case Terminated dead when dead.ActorRef.Equals(_sessions):
                _closers.ForEach(static closer => closer.Tell(SandboxClosed.Instance, ActorRefs.NoSender));
                Context.Stop(Self);
                break;
            case Terminated: CloseOn(); break;
            case PoolFound or Refused: break;
            case IBrokerRequest: Sender.Tell(new Refused(new BrokerStopping("the sandbox")), ActorRefs.NoSender); break;
            default: Unhandled(message); break;
        }
    }

    // Conversations hear first that their connection is gone, so that they leave it alone when they are stopped.
    private void CloseOn()
    {
        if (Context.GetChildren().All(child => child.Equals(_sessions)))
        {
            Context.Stop(_sessions);
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        foreach (var asker in _finding)
        {
            asker.Tell(new Refused(new BrokerStopping("the sandbox")), ActorRefs.NoSender);
        }
    }
}
