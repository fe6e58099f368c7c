using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.PgWire.Tests;

/// <summary>Messages as bytes.</summary>
internal static class Encoded
{
    internal static byte[] Of(params IReadOnlyList<IWireMessage> messages)
    {
        var writer = new WireWriter();
        foreach (var message in messages)
            message.Write(writer);
        return writer.Written.ToArray();
    }
}
