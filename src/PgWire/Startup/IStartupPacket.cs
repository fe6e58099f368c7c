using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>What a client sends first, and again behind the answer to SSLRequest or GSSENCRequest: a message without a type.</summary>
public interface IStartupPacket : IWireMessage;

/// <summary>Reads startup packets.</summary>
public static class StartupPackets
{
    /// <summary>The longest that is taken, its length included: as in the server (MAX_STARTUP_PACKET_LENGTH).</summary>
    public const int Longest = 10_000;

    /// <summary>Reads what follows the length.</summary>
    /// <param name="body">Without the length. What is read points into it.</param>
    /// <param name="error">Why it is none; null when it is one.</param>
    /// <returns>The packet, or null.</returns>
    public static IStartupPacket? Read(ReadOnlyMemory<byte> body, out WireError? error)
    {
        var reader = new WireReader(body);
        IStartupPacket packet = reader.Int32() switch
        {
            SSLRequest.Code => SSLRequest.Instance,
            GSSENCRequest.Code => GSSENCRequest.Instance,
            CancelRequest.Code => CancelRequest.Read(ref reader),
            var code => StartupMessage.Read(ProtocolVersion.Of(code), ref reader),
        };
        if (packet is StartupMessage { Version: { Major: not 3 } version })
            reader.Fail(WireErrorKind.BadField, $"protocol {version} is not spoken, only 3.0 to 3.2");
        reader.End();
        error = reader.Error;
        return error is null ? packet : null;
    }
}
