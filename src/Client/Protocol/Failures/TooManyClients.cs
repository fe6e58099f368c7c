namespace Broker.Client.Protocol.Failures;

/// <summary>The gateway has as many clients as it may.</summary>
/// <param name="Limit">How many.</param>
/// <param name="Setting">The setting that says so, with whom it counts.</param>
public sealed record TooManyClients(int Limit, string Setting) : Failure
{
    /// <inheritdoc/>
    public override string Code => "too-many-clients";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"there are {Limit} clients already, as many as there may be ({Setting})";
}
