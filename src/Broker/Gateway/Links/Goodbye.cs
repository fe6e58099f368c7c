using Broker.PgWire.Messages;

namespace Broker.Gateway.Links;

/// <summary>Terminate: the server ends the session as soon as it reads it.</summary>
internal static class Goodbye
{
    /// <summary>The message.</summary>
    internal static ReadOnlySpan<byte> Bytes => [(byte)FrontendType.Terminate, 0, 0, 0, sizeof(int)];
}
