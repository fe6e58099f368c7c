namespace Broker.Client.Protocol.Failures;

/// <summary>PostgreSQL answered the statement with an error; it had no effect.</summary>
/// <param name="ServerSqlState">The server's SQLSTATE.</param>
/// <param name="ServerMessage">Its primary message.</param>
public sealed record StatementFailed(string ServerSqlState, string ServerMessage) : Failure
{
    /// <summary>The server's detail, if any.</summary>
    public string? Detail { get; init; }

    /// <summary>The server's hint, if any.</summary>
    public string? Hint { get; init; }

    /// <summary>
    /// Which statement of a unit failed, counted from 0; null when the errand was no unit, or when it was none of them but the
    /// transaction's end.
    /// </summary>
    public int? Statement { get; init; }

    /// <summary>Where in the text the error is, counted in characters from 1; 0 when not said.</summary>
    public int Position { get; init; }

    /// <summary>The schema that the error concerns, if any.</summary>
    public string? Schema { get; init; }

    /// <summary>The table that the error concerns, if any.</summary>
    public string? Table { get; init; }

    /// <summary>The column that the error concerns, if any.</summary>
    public string? Column { get; init; }

    /// <summary>The constraint that was violated, if any.</summary>
    public string? Constraint { get; init; }

    /// <inheritdoc/>
    public override string Code => "statement-failed";

    /// <inheritdoc/>
    public override string SqlState => ServerSqlState;

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <summary>
    /// Serialization failures, deadlocks, lock timeouts and lack of resources may go better later (appendix A, classes 40, 53, 55, 57, 58).
    /// </summary>
    public override bool IsTransient =>
        ServerSqlState is "40001" or "40P01" or "55P03" or "55006" or "57P03" or "58000" or "58030"
            || ServerSqlState.StartsWith("53", StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string Message => Detail is null ? ServerMessage : $"{ServerMessage} ({Detail})";
}
