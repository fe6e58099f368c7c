using Broker.Gateway.Sockets;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>
/// Where the actors of a loop write what is to be sent, one after the other: empty whenever one of them begins (<see cref="Begin"/>).
/// </summary>
internal sealed class ExchangeBuffers
{
    private const int Capacity = 64 * 1024;

    /// <summary>For the server.</summary>
    internal WireWriter ToServer { get; } = new(Capacity);

    /// <summary>For the client.</summary>
    internal WireWriter ToClient { get; } = new(Capacity);

    /// <summary>
    /// An actor begins its turn. What one has left that died in its own must reach nobody, and its own end comes later than other actors'
    /// turns.
    /// </summary>
    internal void Begin()
    {
        ToServer.Clear();
        ToClient.Clear();
    }

    /// <summary>Sends what was written. What is for a server that nobody has any more is dropped.</summary>
    internal void Flush(Channel client, Channel? server)
    {
        if (!ToServer.Written.IsEmpty)
        {
            server?.Write(ToServer.Written.Span);
            ToServer.Clear();
        }
        if (!ToClient.Written.IsEmpty)
        {
            client.Write(ToClient.Written.Span);
            ToClient.Clear();
        }
    }
}
