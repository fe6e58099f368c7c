namespace Broker.Client.Remote.Transport;

/// <summary>How a value is written in protobuf; the numbers are protobuf's.</summary>
internal enum ProtoForm
{
    /// <summary>Seven bits to a byte.</summary>
    Varint = 0,

    /// <summary>Eight bytes, little-endian.</summary>
    Fixed64 = 1,

    /// <summary>A length and that many bytes: bytes, text, or a message within.</summary>
    Bytes = 2,
}
