using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>GSSAPI is wanted.</summary>
public sealed record AuthenticationGSS : IBackendMessage, IReadable<AuthenticationGSS>
{
    /// <summary>The only one.</summary>
    public static AuthenticationGSS Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.GSS);
        writer.End();
    }

    static AuthenticationGSS IReadable<AuthenticationGSS>.Read(ref WireReader body) => Instance;
}
