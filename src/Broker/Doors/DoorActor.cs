using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote;
using Broker.Hosting;

namespace Broker.Doors;

/// <summary>
/// `/user/door` of the actor system that faces the network, and the only actor there that a stranger can talk to. It has each who knocks
/// prove who it is (<see cref="RemoteLoginActor"/>), and keeps one <see cref="RemoteClientActor"/> for each client that is in: that is all
/// a client can reach, and the broker behind it is in another actor system, which has no network.
/// </summary>
internal sealed class DoorActor : UntypedActor
{
    // Each is one hash of the password and a little memory; more than these at a time are somebody's guessing.
    internal const int MostLogins = 256;

    private readonly DoorPlan _plan;
    private readonly Dictionary<ClientId, In> _clients = [];
    private readonly Dictionary<string, IActorRef> _logins = [];
    private readonly HashSet<ClientId> _owed = [];
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private DoorAccess _access;
    private bool _stopping;
    private IActorRef _settledFor = ActorRefs.Nobody;

    public DoorActor(DoorPlan plan, DoorAccess access) => (_plan, _access) = (plan, access);

    /// <summary>How to make one.</summary>
    internal static Props For(DoorPlan plan, DoorAccess access) => Props.Create(() => new DoorActor(plan, access));

    /// <summary>Users, rules or certificates were read anew.</summary>
    internal sealed record AccessChanged(DoorAccess Access);

    /// <summary>Nobody new is let in; a client that was cut off comes back for what it is owed.</summary>
    internal sealed record CloseDoor
    {
        internal static readonly CloseDoor Instance = new();
    }

    /// <summary>A client has everything that it was owed.</summary>
    internal sealed record ClientSettled(ClientId Client);

    /// <summary>Somebody has proven who it is.</summary>
    internal sealed record Proven(Hello Hello, ProtocolVersion Version, RemoteUser User, IActorRef Peer, ReadOnlyMemory<byte> ServerFinal,
        long Received);

    /// <summary>A client's actor ends, by the message that it is sent for this: nothing comes behind that one.</summary>
    internal sealed record ClientOver(ClientId Client);

    /// <summary>A client came back when its actor had ended.</summary>
    internal sealed record AttachMissed(ClientId Client, RemoteClientActor.Attach Attach);

    /// <summary>A client that is in.</summary>
    /// <param name="Actor">Its actor.</param>
    /// <param name="User">As whom it logged in.</param>
    /// <param name="Peer">Its end of the link, over the connection by which it came last.</param>
    private sealed record In(IActorRef Actor, string User, IActorRef Peer);

    private static BrokerStopping Stopping => new("the broker");

    private sealed record LoginOver(string Connection, IActorRef Login) : INoSerializationVerificationNeeded;

    private sealed record ClientGone(ClientId Client, IActorRef Actor) : INoSerializationVerificationNeeded;

    /// <inheritdoc/>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(static _ => Directive.Stop);

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Hello hello: OnHello(hello); break;
            case Proven proven: OnProven(proven); break;
            case AccessChanged changed: OnChanged(changed); break;
            case CloseDoor: _stopping = true; break;
            case BrokerSupervisor.SettleDoor: OnSettle(); break;
            case ClientSettled settled: Settled(settled.Client); break;
            case ClientOver over: Forget(over.Client, Sender); Sender.Tell(PoisonPill.Instance); break;
            case AttachMissed missed: Attach(missed.Client, missed.Attach); break;
            case ClientGone gone: OnGone(gone); break;
            case LoginOver over: Forget(over.Connection, over.Login); break;
            default: Unhandled(message); break;
        }
    }

    private void OnHello(Hello hello)
    {
        if (Refusal(hello) is { } failure)
        {
            Sender.Tell(new Refused(failure), Self);
            return;
        }
        var login = Context.ActorOf(RemoteLoginActor.For(_plan, _access));
        var connection = ConnectionOf(Sender);
        _logins.Add(connection, login);
        Context.WatchWith(login, new LoginOver(connection, login));
        login.Forward(hello);
    }

    private Failure? Refusal(Hello hello) =>
        _stopping && !_clients.ContainsKey(hello.Client) ? Stopping
        : hello.Broker != _plan.Settings.KnownAs ? new ClientRefused(hello.User, "28000", $"this is not the broker \"{hello.Broker}\"")
        : _logins.ContainsKey(ConnectionOf(Sender)) ? new TooManyClients(1, "logins at a time over one connection")
        : _logins.Count >= MostLogins ? new TooManyClients(MostLogins, "logins at a time")
        : ProtocolVersion.Agree(new(hello.Oldest), new(hello.Newest)) is null
            ? new ProtocolUnsupported(hello.Oldest, hello.Newest, ProtocolVersion.Oldest.Number, ProtocolVersion.Current.Number)
        : null;

    private void OnProven(Proven proven)
    {
        var (hello, version, user, peer, final, received) = proven;
        // Its client may come back as soon as it is told, and before the login's actor has ended.
        Forget(ConnectionOf(peer), Sender);
        if (_access.Removal(user) is { } removed)
        {
            peer.Tell(new Refused(removed), Self);
            return;
        }
        Attach(hello.Client, new(peer, user, version.Number, final, received, Resumed: true) { LargestAnswers = hello.LargestAnswers });
    }

    private void Attach(ClientId id, RemoteClientActor.Attach attach)
    {
        var (peer, user) = (attach.Peer, attach.User);
        if (!_clients.TryGetValue(id, out var client))
        {
            // It has knocked before the door closed, or its actor has ended since it did.
            if (_stopping)
            {
                peer.Tell(new Refused(Stopping), Self);
                return;
            }
            if (_clients.Count >= _plan.Settings.MaxClients)
            {
                peer.Tell(new Refused(new TooManyClients(_plan.Settings.MaxClients, "broker.door.max-clients")), Self);
                return;
            }
            client = Admit(id, user, peer);
            attach = attach with { Resumed = false };
        }
        else if (client.User != user.Name)
        {
            peer.Tell(new Refused(new ClientRefused(user.Name, "28000", "the client is another user's")), Self);
            return;
        }
        _clients[id] = client with { Peer = peer };
        client.Actor.Tell(attach, Self);
    }

    private In Admit(ClientId id, RemoteUser user, IActorRef peer)
    {
        // In the turn of the thread that read the client's requests: it never blocks, and no other thread is woken for it.
        var actor = Context.ActorOf(RemoteClientActor.For(_plan, _access, user, id).WithDispatcher(RemoteSystems.Dispatcher));
        Context.WatchWith(actor, new ClientGone(id, actor));
        _log.Info("Client {Client} of {User} is in, from {Address}", id, user.Name, user.Address);
        return new(actor, user.Name, peer);
    }

    // It failed: nobody else tells its client, which may have come back in this moment.
    private void OnGone(ClientGone gone)
    {
        if (Forget(gone.Client, gone.Actor) is { } client)
        {
            client.Peer.Tell(new Refused(new BrokerStopping("the client's end at the broker")), Self);
            _plan.Peers.Dismiss(ConnectionOf(client.Peer));
        }
    }

    private void Forget(string connection, IActorRef login)
    {
        if (_logins.TryGetValue(connection, out var known) && known.Equals(login))
        {
            _logins.Remove(connection);
        }
    }

    private In? Forget(ClientId id, IActorRef actor)
    {
        if (!_clients.TryGetValue(id, out var client) || !client.Actor.Equals(actor))
        {
            return null;
        }
        _clients.Remove(id);
        Settled(id);
        return client;
    }

    private void OnSettle()
    {
        _settledFor = Sender;
        foreach (var (id, client) in _clients)
        {
            _owed.Add(id);
            client.Actor.Tell(BrokerSupervisor.SettleDoor.Instance, Self);
        }
        SaySettled();
    }

    private void Settled(ClientId client)
    {
        if (_owed.Remove(client))
        {
            SaySettled();
        }
    }

    private void SaySettled()
    {
        if (_owed.Count == 0)
        {
            _settledFor.Tell(DoorSettled.Instance, Self);
        }
    }

    /// <summary>The name of the connection by which somebody speaks: no other living one has it.</summary>
    internal static string ConnectionOf(IActorRef peer) => peer.Path.Address.System;

    private void OnChanged(AccessChanged changed)
    {
        _access = changed.Access.After(_access);
        foreach (var client in _clients.Values)
        {
            client.Actor.Tell(new AccessChanged(_access), Self);
        }
    }
}
