using System.Collections.Immutable;
using Akka.Actor;
using Broker.Gateway.Access;
using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;

namespace Broker.Gateway.Clients;

/// <summary>
/// What is asked of a client, and what its responses prove: judged on the thread pool, because some proofs take a millisecond.
/// </summary>
internal static class LoginProofs
{
    /// <summary>What is asked of it.</summary>
    /// <param name="Decision">Or why it is refused at once.</param>
    /// <param name="Login">Hears its responses; null when it is refused.</param>
    /// <param name="First">What it is sent first.</param>
    internal sealed record Judged(AccessDecision Decision, ClientLogin? Login, IBackendMessage? First) : INoSerializationVerificationNeeded;

    /// <summary>A response was heard.</summary>
    /// <param name="Messages">What it is answered.</param>
    /// <param name="Refused">Why the client is refused; null when it goes on.</param>
    internal sealed record Heard(ImmutableArray<IBackendMessage> Messages, ProofRefused? Refused) : INoSerializationVerificationNeeded;

    /// <summary>Decides what is asked of a client.</summary>
    internal static Task<Judged> JudgeAsync(GatewayDoor door, LoginAttempt attempt, KeptPassword? kept) => Task.Run(() =>
    {
        var decision = AccessDecision.Of(door.Rules.Find(attempt), attempt, kept, door.Likenesses);
        var login = decision is AccessDecision.Asked asked ? new ClientLogin(asked.Proof) : null;
        return new Judged(decision, login, login?.First());
    });

    /// <summary>Hears a response.</summary>
    internal static Task<Heard> HearAsync(ClientLogin login, IFrontendMessage response) => Task.Run(() =>
    {
        var messages = login.Next(response, out var refused);
        return new Heard([.. messages], refused);
    });
}
