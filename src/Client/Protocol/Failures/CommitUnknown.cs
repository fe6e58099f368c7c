namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The connection was lost at COMMIT, and neither the transaction status nor the ledger could tell the outcome within its limit.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="TransactionId">The transaction id (xid8); 0 when it was not learned.</param>
/// <param name="BackendPid">The server process that ran it.</param>
/// <param name="Cause">Why it could not be settled.</param>
public sealed record CommitUnknown(PoolId Pool, ulong TransactionId, int BackendPid, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "commit-unknown";

    /// <inheritdoc/>
    public override string SqlState => "08007";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message =>
        $"the outcome of transaction {TransactionId} (server process {BackendPid}, pool {Pool}) is unknown: {Cause}";
}
