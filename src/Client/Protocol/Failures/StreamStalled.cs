namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The reader of a stream asked for nothing, or the writer of a COPY sent nothing, for too long: the stream was closed and what it did
/// rolled back.
/// </summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Limit">For how long.</param>
public sealed record StreamStalled(PoolId Pool, TimeSpan Limit) : Failure
{
    /// <inheritdoc/>
    public override string Code => "stream-stalled";

    /// <inheritdoc/>
    public override string SqlState => "57P05";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"a stream of pool {Pool} was closed after its caller was silent for {Limit.TotalSeconds:0.###} s "
            + "(broker.errands.stream.idle-limit)";
}
