using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>Where the actors of a loop write what is to be sent, one after the other: empty whenever one of them begins.</summary>
internal sealed class ExchangeBuffers
{
    private const int Capacity = 64 * 1024;

    /// <summary>For the server.</summary>
    internal WireWriter ToServer { get; } = new(Capacity);

    /// <summary>For the client.</summary>
    internal WireWriter ToClient { get; } = new(Capacity);
}
