using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>Kerberos V5 is wanted; no server of today asks for it.</summary>
public sealed record AuthenticationKerberosV5 : IBackendMessage, IReadable<AuthenticationKerberosV5>
{
    /// <summary>The only one.</summary>
    public static AuthenticationKerberosV5 Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.KerberosV5);
        writer.End();
    }

    static AuthenticationKerberosV5 IReadable<AuthenticationKerberosV5>.Read(ref WireReader body) => Instance;
}
