namespace Broker.Client.Protocol.Failures;

/// <summary>An idempotency key is not one: it must be 1 to 200 bytes of UTF-8. The statement was not run.</summary>
/// <param name="Reason">What is wrong with it.</param>
public sealed record KeyRefused(string Reason) : Failure
{
    /// <inheritdoc/>
    public override string Code => "key-refused";

    /// <inheritdoc/>
    public override string SqlState => "22023";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"an idempotency key is 1 to 200 bytes of UTF-8: {Reason}";
}
