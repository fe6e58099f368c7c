using Broker.Client.Protocol;
using Broker.Gateway.Clients;
using Broker.Gateway.Links;

namespace Broker.Diagnostics;

/// <summary>
/// What the clients and links of a pool tell of themselves, on the loop of its share. Each call costs some nanoseconds and allocates
/// nothing, whether or not somebody listens. Disposed with the share, which then is no longer measured.
/// </summary>
internal sealed class ShareTelemetry : IDisposable
{
    private readonly BrokerMeter _meter;
    private readonly KeyValuePair<string, object?> _name;

    internal ShareTelemetry(BrokerMeter meter, PoolId pool)
    {
        (_meter, _name) = (meter, Attributes.Is(Attributes.PoolName, pool.ToString()));
        Gauges = new(pool.ToString());
    }

    /// <summary>What the meter reads when it is asked.</summary>
    internal ShareGauges Gauges { get; }

    /// <summary>A client does something else now.</summary>
    /// <param name="shown">What it was shown to do, which is changed; null before it is counted, and for one that is gone.</param>
    /// <param name="now">What it does; null when it is gone.</param>
    internal void ClientIs(ref ClientPhase? shown, ClientPhase? now)
    {
        if (shown == now)
        {
            return;
        }
        Gauges.Move(shown, now);
        shown = now;
    }

    /// <summary>A link does something else now; null before it begins, and when it is gone.</summary>
    internal void LinkIs(LinkPhase? before, LinkPhase? now) => Gauges.Move(before, now);

    /// <summary>So many clients wait for a link of their own.</summary>
    internal void ClientsWait(int count) => Gauges.PublishLine(count);

    /// <summary>So many statements wait for a round trip.</summary>
    internal void ErrandsWait(int count) => Gauges.PublishErrands(count);

    /// <summary>A client was lent a link, after this wait.</summary>
    internal void ClientWaited(TimeSpan waited)
    {
        if (_meter.Gateway.WaitTime is { Enabled: true } times)
        {
            times.Record(waited.TotalSeconds, _name);
        }
    }

    /// <summary>A round trip for several is over.</summary>
    internal void TripEnded(int members)
    {
        if (_meter.Gateway.TripMembers is { Enabled: true } trips)
        {
            trips.Record(members, _name);
        }
    }

    /// <summary>A link was cleaned, or could not be.</summary>
    internal void Cleaned(CleaningOutcome outcome)
    {
        if (_meter.Gateway.Cleanings is { Enabled: true } cleanings)
        {
            cleanings.Add(1, _name, Attributes.Is(Attributes.CleaningOutcome, outcome.Word()));
        }
    }

    /// <summary>The share has ended.</summary>
    public void Dispose() => _meter.Forget(this);
}

/// <summary>What became of a link that was to be cleaned.</summary>
internal enum CleaningOutcome
{
    /// <summary>It is fit for the next.</summary>
    Fit,

    /// <summary>It cannot be saved.</summary>
    GivenUp,

    /// <summary>It took too long.</summary>
    Overdue,

    /// <summary>The server has closed it.</summary>
    Lost,
}
