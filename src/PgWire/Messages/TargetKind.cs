using Broker.PgWire.Values;

namespace Broker.PgWire.Messages;

/// <summary>What Close and Describe mean.</summary>
public enum TargetKind : byte
{
    /// <summary>A prepared statement.</summary>
    Statement = (byte)'S',

    /// <summary>A portal.</summary>
    Portal = (byte)'P',
}

/// <summary>Reads a <see cref="TargetKind"/>.</summary>
internal static class Targets
{
    internal static TargetKind Read(ref WireReader body)
    {
        var kind = (TargetKind)body.Byte();
        if (!Enum.IsDefined(kind))
            body.Fail(WireErrorKind.BadField, $"{(byte)kind} means neither a statement nor a portal");
        return kind;
    }
}
