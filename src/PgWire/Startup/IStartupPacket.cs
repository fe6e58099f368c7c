using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>What a client sends first, and again behind the answer to SSLRequest or GSSENCRequest: a message without a type.</summary>
public interface IStartupPacket : IWireMessage;

/// <summary>Reads startup packets.</summary>
public static class StartupPackets
{
    /// <summary>The longest that is taken, in bytes without its length: as in the server (MAX_STARTUP_PACKET_LENGTH).</summary>
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
            var code => ReadMessage(ProtocolVersion.Of(code), ref reader),
        };
        reader.End();
        error = reader.Error;
        return error is null ? packet : null;
    }

    private static StartupMessage ReadMessage(ProtocolVersion version, ref WireReader body)
    {
        // first, for what follows another version has another form
        if (version.Major != 3 && body.Error is null)
            body.Fail(WireErrorKind.BadField, $"protocol {version} is not spoken, only 3.0 to 3.2");
        return StartupMessage.Read(version, ref body);
    }
}
