using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Startup;

/// <summary>Opens a session.</summary>
/// <param name="Version">What the client would like to speak.</param>
/// <param name="Parameters">
/// `user`, `database`, `options`, `replication`, `_pq_.` options, and settings; in the client's order, a name as often as it was sent.
/// </param>
public sealed record StartupMessage(ProtocolVersion Version, ImmutableArray<StartupParameter> Parameters) : IStartupPacket
{
    /// <summary>The last value of a parameter; null when there is none. Names are compared as they are.</summary>
    public WireText? this[ReadOnlySpan<byte> name]
    {
        get
        {
            for (var i = Parameters.Length - 1; i >= 0; i--)
                if (Parameters[i].Name.Is(name))
                    return Parameters[i].Value;
            return null;
        }
    }

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin();
        writer.Int32(Version.Code);
        foreach (var parameter in Parameters)
        {
            writer.Text(parameter.Name);
            writer.Text(parameter.Value);
        }
        writer.Byte(0);
        writer.End();
    }

    internal static StartupMessage Read(ProtocolVersion version, ref WireReader body)
    {
        var parameters = ImmutableArray.CreateBuilder<StartupParameter>();
        for (var name = body.Text(); !name.IsEmpty; name = body.Text())
            parameters.Add(new(name, body.Text()));
        return new(version, parameters.DrainToImmutable());
    }
}

/// <summary>A parameter of a <see cref="StartupMessage"/>.</summary>
/// <param name="Name">Never empty.</param>
/// <param name="Value">May be empty.</param>
public readonly record struct StartupParameter(WireText Name, WireText Value);
