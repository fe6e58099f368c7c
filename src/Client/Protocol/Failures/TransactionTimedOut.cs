namespace Broker.Client.Protocol.Failures;

/// <summary>Nothing happened in a conversation's transaction for as long as it may lie idle: it was rolled back.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Limit">How long it may.</param>
public sealed record TransactionTimedOut(SessionId Session, TimeSpan Limit) : Failure
{
    /// <inheritdoc/>
    public override string Code => "transaction-timed-out";

    /// <inheritdoc/>
    public override string SqlState => "25P03";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message =>
        $"the transaction of conversation {Session} lay idle for {Limit.TotalSeconds:0.###} s and was rolled back "
            + "(broker.sessions.idle-limit)";
}
