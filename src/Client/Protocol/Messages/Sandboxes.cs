using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Messages;

/// <summary>
/// Opens a sandbox, in which everything is rolled back at its end. Told to the broker's supervisor; answered by
/// <see cref="SandboxOpened"/>. No database is touched by it.
/// </summary>
/// <param name="Opener">Who opens it: member, file and line of the call.</param>
/// <param name="Isolation">The isolation level of everything in it.</param>
public sealed record OpenSandbox(string Opener, Isolation Isolation) : IBrokerRequest;

/// <summary>The sandbox is open.</summary>
/// <param name="Supervisor">
/// What the broker's supervisor is outside: it finds pools and opens conversations, all within the sandbox.
/// </param>
public sealed record SandboxOpened(IActorRef Supervisor) : IBrokerReply;

/// <summary>
/// Ends a sandbox: whoever still waits or works in it is refused, everything is rolled back, and its connections go back. Told to
/// <see cref="SandboxOpened.Supervisor"/>; answered by <see cref="SandboxClosed"/>.
/// </summary>
/// <param name="Forgotten">Whether it was not closed but found by the garbage collector: logged as a leak.</param>
public sealed record CloseSandbox(bool Forgotten = false) : IBrokerRequest, IDeadLetterSuppression;

/// <summary>Nothing is left of the sandbox.</summary>
public sealed record SandboxClosed : IBrokerReply
{
    /// <summary>The only one.</summary>
    public static SandboxClosed Instance { get; } = new();
}
