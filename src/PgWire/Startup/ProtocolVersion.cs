using System.Globalization;

namespace Broker.PgWire.Startup;

/// <summary>A version of the protocol, as a startup packet says it.</summary>
/// <param name="Major">3 is all that is spoken today.</param>
/// <param name="Minor">0 or 2; 1 was skipped.</param>
public readonly record struct ProtocolVersion(short Major, short Minor) : IComparable<ProtocolVersion>
{
    /// <summary>What every server since 7.4 speaks.</summary>
    public static ProtocolVersion V30 => new(3, 0);

    /// <summary>PostgreSQL 18: longer secret keys.</summary>
    public static ProtocolVersion V32 => new(3, 2);

    /// <summary>As a number: major in the upper half.</summary>
    public int Code => (Major << 16) | (ushort)Minor;

    /// <summary>The version that a number means.</summary>
    public static ProtocolVersion Of(int code) => new((short)(code >> 16), (short)code);

    /// <inheritdoc/>
    public int CompareTo(ProtocolVersion other) => Code.CompareTo(other.Code);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}");

    /// <summary>Older.</summary>
    public static bool operator <(ProtocolVersion left, ProtocolVersion right) => left.CompareTo(right) < 0;

    /// <summary>Newer.</summary>
    public static bool operator >(ProtocolVersion left, ProtocolVersion right) => left.CompareTo(right) > 0;

    /// <summary>Not newer.</summary>
    public static bool operator <=(ProtocolVersion left, ProtocolVersion right) => left.CompareTo(right) <= 0;

    /// <summary>Not older.</summary>
    public static bool operator >=(ProtocolVersion left, ProtocolVersion right) => left.CompareTo(right) >= 0;
}
