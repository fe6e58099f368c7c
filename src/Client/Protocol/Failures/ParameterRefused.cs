namespace Broker.Client.Protocol.Failures;

/// <summary>A parameter cannot be sent. It was refused before anything was sent.</summary>
/// <param name="Position">1 for $1.</param>
/// <param name="TypeName">The .NET type of the value.</param>
/// <param name="Reason">Why.</param>
public sealed record ParameterRefused(int Position, string TypeName, string Reason) : Failure
{
    /// <inheritdoc/>
    public override string Code => "parameter-refused";

    /// <inheritdoc/>
    public override string SqlState => "22023";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"parameter ${Position} of type {TypeName} cannot be sent: {Reason}";
}
