namespace Broker.Configuration;

/// <summary>
/// <c>broker.gateway.buffer</c>: how much is read and held per socket. Messages longer than this pass in pieces. Defaults are in
/// hocon/reference.conf.
/// </summary>
public sealed record GatewayBufferSettings
{
    /// <summary>Bytes that one socket may move in one turn of its loop, 4 KiB to 1 MiB.</summary>
    public required int Turn { get; init; }

    /// <summary>Bytes held for one that reads slowly, 4 KiB to 64 MiB; beyond them its other side is not read.</summary>
    public required int Backlog { get; init; }

    internal static GatewayBufferSettings From(SettingsReader reader)
    {
        var settings = new GatewayBufferSettings
        {
            Turn = reader.Bytes("turn", "4KiB", "1MiB"),
            Backlog = reader.Bytes("backlog", "4KiB", "64MiB"),
        };
        reader.Done();
        return settings;
    }
}
