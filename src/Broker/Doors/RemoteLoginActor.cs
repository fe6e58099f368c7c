using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Remote.Links;
using Broker.Gateway.Access;
using Broker.PgWire.Authentication;

namespace Broker.Doors;

/// <summary>
/// One who knocks: it gets one question, and one try at the proof, within `broker.door.login-timeout`. What it is told does not depend on
/// whether its user exists. Ends with either.
/// </summary>
internal sealed class RemoteLoginActor : UntypedActor, IWithTimers
{
    // Of X.520.
    private const string CommonName = "2.5.4.3";

    private readonly DoorPlan _plan;
    private readonly DoorAccess _access;
    private Hello? _hello;
    private ScramServer? _scram;
    private IActorRef? _peer;
    private bool _answered;

    public RemoteLoginActor(DoorPlan plan, DoorAccess access) => (_plan, _access) = (plan, access);

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>How to make one.</summary>
    internal static Props For(DoorPlan plan, DoorAccess access) => Props.Create(() => new RemoteLoginActor(plan, access));

    private sealed record TooLate : INoSerializationVerificationNeeded
    {
        internal static readonly TooLate Instance = new();
    }

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartSingleTimer(nameof(TooLate), TooLate.Instance, _plan.Settings.LoginTimeout);

    /// <summary>Who has not been told how its login came out would wait for that: this actor has failed.</summary>
    protected override void PostStop()
    {
        if (!_answered)
        {
            _peer?.Tell(new Refused(new BrokerStopping("the login")), Self);
        }
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Hello hello when _hello is null: OnHello(hello); break;
            case ProveUser proof when _hello is not null && Sender.Equals(_peer): OnProof(_hello, proof); break;
            case TooLate: Refuse("it did not prove who it is in time (broker.door.login-timeout)", "it took too long"); break;
            default: Unhandled(message); break;
        }
    }

    private void OnHello(Hello hello)
    {
        (_hello, _peer) = (hello, Sender);
        if (UserName.Refusal(hello.User) is { } none)
        {
            Refuse(none, none.Cause);
            return;
        }
        _scram = new(_access.VerifierOf(hello.User));
        var first = _scram.First(ScramServer.Mechanism, hello.First.Span, out var refused);
        if (refused is not null)
        {
            Refuse(refused.Text, refused.Text);
            return;
        }
        _peer!.Tell(new Challenged(first), Self);
    }

    private void OnProof(Hello hello, ProveUser proof)
    {
        var final = _scram!.Final(proof.ClientFinal.Span, out var refused);
        if (refused is not null)
        {
            Refuse("its password is not right", refused.Text);
            return;
        }
        _answered = true;
        Context.Parent.Tell(new DoorActor.Proven(
            hello, ProtocolVersion.Agree(new(hello.Oldest), new(hello.Newest))!.Value, UserOf(hello), _peer!, final, proof.Received));
        Context.Stop(Self);
    }

    private RemoteUser UserOf(Hello hello)
    {
        var peer = _plan.Peers.Find(_peer!.Path.Address.System);
        return new(
            hello.User,
            peer?.EndPoint.Address,
            peer?.CertificateSubject is { } subject ? new TlsFacts([], CommonNameOf(subject)) : null);
    }

    private static string? CommonNameOf(string subject) => new X500DistinguishedName(subject).EnumerateRelativeDistinguishedNames()
        .Where(static name => !name.HasMultipleElements && name.GetSingleElementType().Value == CommonName)
        .Select(static name => name.GetSingleElementValue()).FirstOrDefault();

    private void Refuse(string told, string noted) => Refuse(new ClientRefused(_hello?.User ?? "", "28P01", told), noted);

    private void Refuse(ClientRefused told, string noted)
    {
        _plan.Refusals.LoginRefused(told.User, noted);
        _answered = true;
        _peer?.Tell(new Refused(told), Self);
        Context.Stop(Self);
    }
}
