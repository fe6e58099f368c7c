namespace Broker.Client.Protocol.Failures;

/// <summary>No database of this name is configured.</summary>
/// <param name="Database">The name asked for.</param>
/// <param name="User">The user asked for, when one was.</param>
/// <param name="Nearest">The most similar name that is configured; null when none is similar.</param>
public sealed record UnknownDatabase(string Database, string? User, string? Nearest) : Failure
{
    /// <inheritdoc/>
    public override string Code => "unknown-database";

    /// <inheritdoc/>
    public override string SqlState => "3D000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message =>
        $"no database named \"{Database}\"{(User is null ? "" : $" with user \"{User}\"")} is configured under broker.databases" + (Nearest
            is null ? "" : $"; did you mean \"{Nearest}\"?");
}
