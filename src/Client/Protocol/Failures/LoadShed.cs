namespace Broker.Client.Protocol.Failures;

/// <summary>The line moved too slowly for a whole interval, so requests that waited over twice the target are dropped (CoDel).</summary>
/// <param name="Pool">Which pool.</param>
/// <param name="Waited">How long this one waited.</param>
/// <param name="Target">The delay that is aimed at.</param>
public sealed record LoadShed(PoolId Pool, TimeSpan Waited, TimeSpan Target) : Failure
{
    /// <inheritdoc/>
    public override string Code => "load-shed";

    /// <inheritdoc/>
    public override string SqlState => "53300";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message =>
        $"pool {Pool} sheds load: this request waited {Waited.TotalMilliseconds:0} ms, the target is {Target.TotalMilliseconds:0} ms "
            + $"(broker.databases.{Pool.Database}.pool.shed.target, .interval)";
}
