using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A password in clear is wanted.</summary>
public sealed record AuthenticationCleartextPassword : IBackendMessage, IReadable<AuthenticationCleartextPassword>
{
    /// <summary>The only one.</summary>
    public static AuthenticationCleartextPassword Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.Authentication);
        writer.Int32((int)AuthenticationKind.CleartextPassword);
        writer.End();
    }

    static AuthenticationCleartextPassword IReadable<AuthenticationCleartextPassword>.Read(ref WireReader body) => Instance;
}
