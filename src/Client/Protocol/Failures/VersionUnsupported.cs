namespace Broker.Client.Protocol.Failures;

/// <summary>The server is not PostgreSQL 13 to 18.</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Server">Host and port.</param>
/// <param name="Version">What it says it is.</param>
public sealed record VersionUnsupported(PoolId Pool, string Server, string Version) : Failure
{
    /// <inheritdoc/>
    public override string Code => "version-unsupported";

    /// <inheritdoc/>
    public override string SqlState => "0A000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"the server {Server} of pool {Pool} is PostgreSQL {Version}; versions 13 to 18 are supported";
}
