namespace Broker.Client.Protocol.Failures;

/// <summary>The user of a remote client has no right to what it asked for.</summary>
/// <param name="User">As whom the client logged in.</param>
/// <param name="What">What it asked for: a database, a conversation of somebody else's, the control of a pool.</param>
/// <param name="Setting">The setting that would give it.</param>
public sealed record AccessDenied(string User, string What, string Setting) : Failure
{
    /// <inheritdoc/>
    public override string Code => "access-denied";

    /// <inheritdoc/>
    public override string SqlState => "42501";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"user \"{User}\" has no right to {What} ({Setting})";
}
