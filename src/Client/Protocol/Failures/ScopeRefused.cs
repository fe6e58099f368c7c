namespace Broker.Client.Protocol.Failures;

/// <summary>A nested scope is not there, or belongs to another handle, or another one was opened inside it and is still open.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Scope">Which scope.</param>
/// <param name="Cause">What is wrong with it.</param>
public sealed record ScopeRefused(SessionId Session, ScopeId Scope, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "scope-refused";

    /// <inheritdoc/>
    public override string SqlState => "3B001";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"scope {Scope} of conversation {Session} cannot be ended: {Cause}";
}
