namespace Broker.Client.Protocol.Failures;

/// <summary>
/// The broker's door does not let the client in: a wrong password or an unknown user, which are not told apart, no rule for it, or a name
/// that no user can have.
/// </summary>
/// <param name="User">Who wanted in.</param>
/// <param name="ClientSqlState">28P01 when the proof was wrong, 28000 when no rule lets it in, or nobody can have its name.</param>
/// <param name="Cause">Why, as far as a stranger may know.</param>
public sealed record ClientRefused(string User, string ClientSqlState, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "client-refused";

    /// <inheritdoc/>
    public override string SqlState => ClientSqlState;

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"the broker refuses user \"{User}\": {Cause}";
}
