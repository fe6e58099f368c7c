namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The connection was lost at COMMIT. It is settled that the statement took effect and is committed, but its rows and counts are gone.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="TransactionId">The transaction id (xid8); 0 when it was not learned.</param>
public sealed record AnswerLost(PoolId Pool, ulong TransactionId) : Failure
{
    /// <inheritdoc/>
    public override string Code => "answer-lost";

    /// <inheritdoc/>
    public override string SqlState => "08006";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message =>
        $"the statement took effect and transaction {TransactionId} of pool {Pool} is committed, but its answer was "
            + "lost with the connection";
}
