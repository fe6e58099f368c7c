using Broker.Gateway.Sockets;
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
