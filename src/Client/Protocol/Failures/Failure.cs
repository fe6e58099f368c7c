namespace Broker.Client.Protocol.Failures;

/// <summary>
/// Why a request was not carried out. One record per reason; the client throws it inside a <c>BrokerException</c>, the gateway sends it as
/// an ErrorResponse with the same SQLSTATE.
/// </summary>
public abstract record Failure
{
    private protected Failure() { }

    /// <summary>A short stable name, such as `pool-exhausted`.</summary>
    public abstract string Code { get; }

    /// <summary>The five characters of the SQLSTATE (PostgreSQL manual, appendix A).</summary>
    public abstract string SqlState { get; }

    /// <summary>Whether the work surely did not happen, so that sending it again cannot do it twice.</summary>
    public abstract bool SafeToRetry { get; }

    /// <summary>Whether the same request may well succeed later. Never true when the outcome is unknown.</summary>
    public virtual bool IsTransient => SafeToRetry;

    /// <summary>What happened, how many, how long, and which setting decides it.</summary>
    public abstract string Message { get; }

    /// <inheritdoc/>
    public sealed override string ToString() => $"{Code} ({SqlState}): {Message}";
}
