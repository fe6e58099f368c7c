using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>SASL is wanted.</summary>
/// <param name="Mechanisms">Those that the server offers, the best first.</param>
public sealed record AuthenticationSASL(ImmutableArray<WireText> Mechanisms) : IBackendMessage, IReadable<AuthenticationSASL>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.SASL);
        foreach (var mechanism in Mechanisms)
            writer.Text(mechanism);
        writer.Byte(0);
        writer.End();
    }

    static AuthenticationSASL IReadable<AuthenticationSASL>.Read(ref WireReader body) => new(Names(ref body));

    private static ImmutableArray<WireText> Names(ref WireReader body)
    {
        var names = ImmutableArray.CreateBuilder<WireText>();
        for (var name = body.Text(); !name.IsEmpty; name = body.Text())
            names.Add(name);
        return names.DrainToImmutable();
    }
}
