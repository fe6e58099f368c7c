using Broker.Client.Protocol;

namespace Broker.Diagnostics;

/// <summary>What the gateway tells of itself where no pool is known yet. May be called on any thread; allocates nothing.</summary>
internal sealed class GatewayTelemetry
{
    private readonly BrokerMeter _meter;

    internal GatewayTelemetry(BrokerMeter meter) => _meter = meter;

    /// <summary>A client was let in.</summary>
    internal void ClientEntered()
    {
        if (_meter.Gateway.Logins is { Enabled: true } logins)
        {
            logins.Add(1);
        }
    }

    /// <summary>A client was not let in.</summary>
    /// <param name="cause">
    /// The SQLSTATE that it was told, or a word where it was told nothing. Never anything that a client chooses.
    /// </param>
    internal void ClientRefused(string cause)
    {
        if (_meter.Gateway.Refused is { Enabled: true } refused)
        {
            refused.Add(1, Attributes.Is(Attributes.ErrorType, cause));
        }
    }

    /// <summary>Somebody asked to cancel.</summary>
    /// <param name="found">Whether the key is that of a client.</param>
    internal void CancelAsked(bool found)
    {
        if (_meter.Gateway.Cancels is { Enabled: true } cancels)
        {
            cancels.Add(1, Attributes.Is(Attributes.CancelOutcome, found ? "passed_on" : "nobody"));
        }
    }

    /// <summary>Measures the share of a pool until that is disposed.</summary>
    internal ShareTelemetry ForShare(PoolId pool) => _meter.ForShare(pool);
}
