namespace Broker.Client.Protocol.Failures;

/// <summary>The server answered, and refused the login: a wrong password, an unknown role or database, no permission.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Server">Host and port.</param>
/// <param name="ServerSqlState">The server's SQLSTATE, such as 28P01.</param>
/// <param name="Cause">The server's text.</param>
public sealed record LoginRefused(PoolId Pool, string Server, string ServerSqlState, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "login-refused";

    /// <inheritdoc/>
    public override string SqlState => ServerSqlState;

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"the server {Server} refused the login of pool {Pool}: {ServerSqlState}: {Cause}";
}
