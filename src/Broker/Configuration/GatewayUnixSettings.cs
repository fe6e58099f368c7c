namespace Broker.Configuration;

/// <summary><c>broker.gateway.unix</c>: the Unix sockets of the gateway. Defaults are in hocon/reference.conf.</summary>
public sealed record GatewayUnixSettings
{
    /// <summary>Who may connect; set before the first can.</summary>
    public required UnixFileMode Mode { get; init; }

    /// <summary>The number in the name of a socket whose <c>listen</c> names none, 1 to 65535.</summary>
    public required int DefaultPort { get; init; }

    internal static GatewayUnixSettings From(SettingsReader reader)
    {
        var settings = new GatewayUnixSettings
        {
            Mode = reader.Permissions("mode"),
            DefaultPort = reader.Whole("default-port", 1, 65535),
        };
        reader.Done();
        return settings;
    }
}
