namespace Broker.Client.Protocol.Failures;

/// <summary>Client and broker have no version of the protocol in common.</summary>
/// <param name="Oldest">The oldest that the other end speaks.</param>
/// <param name="Newest">The newest that the other end speaks.</param>
/// <param name="OwnOldest">The oldest that the one who says this speaks.</param>
/// <param name="OwnNewest">The newest that the one who says this speaks.</param>
public sealed record ProtocolUnsupported(int Oldest, int Newest, int OwnOldest, int OwnNewest) : Failure
{
    /// <inheritdoc/>
    public override string Code => "protocol-unsupported";

    /// <inheritdoc/>
    public override string SqlState => "0A000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"versions {Oldest} to {Newest} of the protocol were offered, and {OwnOldest} to {OwnNewest} are spoken "
            + "here; upgrade the older end";
}
