using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>SSPI is wanted.</summary>
public sealed record AuthenticationSSPI : IBackendMessage, IReadable<AuthenticationSSPI>
{
    /// <summary>The only one.</summary>
    public static AuthenticationSSPI Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.SSPI);
        writer.End();
    }

    static AuthenticationSSPI IReadable<AuthenticationSSPI>.Read(ref WireReader body) => Instance;
}
