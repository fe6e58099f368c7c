using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>
/// <c>broker.servers.{name}</c> over <c>broker.server-defaults</c>: one server is one budget of connections, shared by
/// all pools on it. Defaults are in hocon/reference.conf.
/// </summary>
public sealed record ServerSettings
{
    /// <summary>The name under <c>broker.servers</c>; of a server that only a connection string names, its first host and port.</summary>
    public required string Name { get; init; }

    /// <summary>The hosts, at least one, in the order to try them (keys <c>host</c> and <c>port</c>).</summary>
    public required ImmutableArray<HostEndpoint> Hosts { get; init; }

    /// <summary>How connections are encrypted.</summary>
    public required TlsMode Tls { get; init; }

    /// <summary>File with the certificates trusted to sign the server's; empty: those of the system.</summary>
    public required string RootCertificate { get; init; }

    /// <summary>File with the certificate shown to the server; empty: none.</summary>
    public required string ClientCertificate { get; init; }

    /// <summary>File with the key of <see cref="ClientCertificate"/>; empty: none.</summary>
    public required string ClientKey { get; init; }

    /// <summary>Connections this broker may have on the server, ghosts included, 1 to 10000.</summary>
    public required int MaxConnections { get; init; }

    /// <summary>Of <see cref="MaxConnections"/>, how many are kept for errands and settlement when all others are lent, 0 to 100.</summary>
    public required int Reserve { get; init; }

    /// <summary>Which of several hosts may serve.</summary>
    public required TargetSessionAttributes TargetSessionAttrs { get; init; }

    /// <summary>Whether to begin with another host each time.</summary>
    public required bool LoadBalanceHosts { get; init; }

    /// <summary>How long the role of a host is believed, 100 ms to 1 h.</summary>
    public required TimeSpan HostRecheck { get; init; }

    /// <summary>How long a connect with its authentication may take, per host, 100 ms to 10 min.</summary>
    public required TimeSpan ConnectTimeout { get; init; }

    /// <summary>How long a connection lost uncleanly counts when the server cannot be asked about its backend, 0 to 1 h.</summary>
    public required TimeSpan GhostLimit { get; init; }

    /// <summary>Keepalive of the operating system.</summary>
    public required TcpKeepaliveSettings TcpKeepalive { get; init; }

    internal static ServerSettings From(string name, SettingsReader reader)
    {
        var settings = new ServerSettings
        {
            Name = name,
            Hosts = HostsFrom(reader),
            Tls = reader.Choice<TlsMode>("tls"),
            RootCertificate = reader.ExistingFile("root-certificate"),
            ClientCertificate = reader.ExistingFile("client-certificate"),
            ClientKey = reader.ExistingFile("client-key"),
            MaxConnections = reader.Whole("max-connections", 1, 10_000),
            Reserve = reader.Whole("reserve", 0, 100),
            TargetSessionAttrs = reader.Choice<TargetSessionAttributes>("target-session-attrs"),
            LoadBalanceHosts = reader.Switch("load-balance-hosts"),
            HostRecheck = reader.Duration("host-recheck", "100ms", "1h"),
            ConnectTimeout = reader.Duration("connect-timeout", "100ms", "10m"),
            GhostLimit = reader.Duration("ghost-limit", "0s", "1h"),
            TcpKeepalive = TcpKeepaliveSettings.From(reader.Inside("tcp-keepalive")),
        };
        reader.Check(settings.Reserve < settings.MaxConnections, "reserve",
            $"allowed is a number below max-connections ({settings.MaxConnections})");
        reader.Done();
        return settings;
    }

    private static ImmutableArray<HostEndpoint> HostsFrom(SettingsReader reader)
    {
        var port = reader.Whole("port", 1, 65535);
        var hosts = reader.List("host").Select(text => HostEndpoint.TryParse(text, port)).ToImmutableArray();
        reader.Check(!hosts.IsEmpty && !hosts.Contains(null), "host",
            "allowed is a host, host:port, the folder of a Unix socket, or a list of them");
        return [.. hosts.OfType<HostEndpoint>()];
    }
}
