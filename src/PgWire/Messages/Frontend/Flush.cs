using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Frontend;

/// <summary>Asks for what the server holds back, without ending anything.</summary>
public sealed record Flush : IFrontendMessage, IReadable<Flush>
{
    /// <summary>The only one.</summary>
    public static Flush Instance { get; } = new();

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)FrontendType.Flush);
        writer.End();
    }

    static Flush IReadable<Flush>.Read(ref WireReader body) => Instance;
}
