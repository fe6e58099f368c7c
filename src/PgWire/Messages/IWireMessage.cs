using Broker.PgWire.Values;

namespace Broker.PgWire.Messages;

/// <summary>A message of the protocol, named as in the manual (chapter "Message Formats").</summary>
public interface IWireMessage
{
    /// <summary>Writes it whole, with type and length.</summary>
    void Write(WireWriter writer);
}

/// <summary>A message that clients send.</summary>
public interface IFrontendMessage : IWireMessage;

/// <summary>A message that servers send.</summary>
public interface IBackendMessage : IWireMessage;

/// <summary>A message that knows how its body is read.</summary>
internal interface IReadable<out T>
{
    /// <summary>Reads the fields; what is wrong is noted by the reader.</summary>
    static abstract T Read(ref WireReader body);
}
