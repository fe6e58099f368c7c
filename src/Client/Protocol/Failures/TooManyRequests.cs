namespace Broker.Client.Protocol.Failures;

/// <summary>A remote client has as many requests under way as it may. Nothing of this one took effect.</summary>
/// <param name="Limit">How many.</param>
/// <param name="Setting">The setting that says so.</param>
public sealed record TooManyRequests(int Limit, string Setting) : Failure
{
    /// <inheritdoc/>
    public override string Code => "too-many-requests";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"this client has {Limit} requests under way, as many as it may ({Setting})";
}
