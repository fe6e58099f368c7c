using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Says goodbye.</summary>
public sealed record Terminate : IFrontendMessage, IReadable<Terminate>
{
    /// <summary>The only one.</summary>
    public static Terminate Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Terminate);
        writer.End();
    }

    static Terminate IReadable<Terminate>.Read(ref WireReader body) => Instance;
}
