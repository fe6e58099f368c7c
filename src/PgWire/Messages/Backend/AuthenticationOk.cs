using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>The client has proved who it is.</summary>
public sealed record AuthenticationOk : IBackendMessage, IReadable<AuthenticationOk>
{
    /// <summary>The only one.</summary>
    public static AuthenticationOk Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.Ok);
        writer.End();
    }

    static AuthenticationOk IReadable<AuthenticationOk>.Read(ref WireReader body) => Instance;
}
