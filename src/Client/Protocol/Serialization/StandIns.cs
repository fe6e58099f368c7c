using Broker.Client.Protocol.Messages;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// What is sent for a reply that cannot be: whoever waits is told why, and what took effect is not said to have failed. The same as is
/// answered when a value cannot be read from the server.
/// </summary>
internal static class StandIns
{
    /// <summary>The reply in its place.</summary>
    internal static IBrokerReply For(IBrokerReply reply, Failure failure) => reply switch
    {
        SessionAnswer answer => answer with { Reply = For(answer.Reply, failure), Failed = null },
        CommitOutcome outcome => new CommitOutcome(For(outcome.Reply, failure)),
        _ => new Refused(failure),
    };

    // What is committed stays committed, and a scope that is open is open; only their rows are missing.
    private static ISessionReply For(ISessionReply reply, Failure failure) => reply switch
    {
        Committed committed => committed with { Results = [] },
        ScopeOpened => new ScopeOpened([]),
        ScopeReleased => new ScopeReleased([]),
        _ => new CommandRefused(failure),
    };
}
