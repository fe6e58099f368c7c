namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The answer is larger than an errand may return; read it as a stream. The statement may have taken effect when it writes.
/// </summary>
/// <param name="Limit">The limit in bytes.</param>
public sealed record ResultTooLarge(long Limit) : Failure
{
    /// <inheritdoc/>
    public override string Code => "result-too-large";

    /// <inheritdoc/>
    public override string SqlState => "54000";

    /// <inheritdoc/>
    public override bool SafeToRetry => false;

    /// <inheritdoc/>
    public override string Message =>
        $"the result is larger than {Limit} bytes (broker.errands.result-limit, from afar also RemoteOptions.LargestMessages); "
        + "read it with StreamAsync";
}
