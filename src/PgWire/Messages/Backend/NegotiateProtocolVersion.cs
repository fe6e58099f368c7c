using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The server knows only an older minor version, or not all options.</summary>
/// <param name="NewestMinor">The newest minor version that it knows (PostgreSQL sends the whole version number).</param>
/// <param name="UnknownOptions">The `_pq_.` options that it does not know.</param>
public sealed record NegotiateProtocolVersion(int NewestMinor, ImmutableArray<WireText> UnknownOptions)
    : IBackendMessage, IReadable<NegotiateProtocolVersion>
{
    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.NegotiateProtocolVersion);
        writer.Int32(NewestMinor);
        writer.Int32(UnknownOptions.Length);
        foreach (var option in UnknownOptions)
            writer.Text(option);
        writer.End();
    }

    static NegotiateProtocolVersion IReadable<NegotiateProtocolVersion>.Read(ref WireReader body) => new(body.Int32(), Options(ref body));

    private static ImmutableArray<WireText> Options(ref WireReader body)
    {
        var count = body.Int32();
        if (count < 0 || count > body.Remaining)
            body.Fail(WireErrorKind.BadField, $"{count} options do not fit into {body.Remaining} bytes");
        var options = ImmutableArray.CreateBuilder<WireText>();
        for (; body.Error is null && count > 0; count--)
            options.Add(body.Text());
        return options.DrainToImmutable();
    }
}
