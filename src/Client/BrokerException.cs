using System.Data.Common;

namespace Broker.Client;

/// <summary>
/// Thrown for every request that was not carried out, and for every answer that does not fit what was asked for. The reason is the
/// <see cref="Failure"/>, one record per kind; match on it rather than on the text.
/// </summary>
public sealed class BrokerException : DbException
{
    /// <summary>Wraps the reason.</summary>
    public BrokerException(Failure failure) : base((failure ?? throw new ArgumentNullException(nameof(failure))).Message) =>
        Failure = failure;

    /// <summary>Wraps the reason and what caused it.</summary>
    public BrokerException(Failure failure,
        Exception? inner) : base((failure ?? throw new ArgumentNullException(nameof(failure))).Message, inner) =>
        Failure = failure;

    /// <summary>Why.</summary>
    public Failure Failure { get; }

    /// <summary>The SQLSTATE (PostgreSQL manual, appendix A).</summary>
    public override string SqlState => Failure.SqlState;

    /// <summary>Whether the same request may well succeed later. Never true when the outcome is unknown.</summary>
    public override bool IsTransient => Failure.IsTransient;

    /// <summary>Whether the work surely did not happen, so that sending it again cannot do it twice.</summary>
    public bool SafeToRetry => Failure.SafeToRetry;
}
