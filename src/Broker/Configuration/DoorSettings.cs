using System.Collections.Immutable;
using System.Net;

namespace Broker.Configuration;

/// <summary>
/// <c>broker.door</c>: the door for .NET programs on other machines. Without <see cref="Listen"/> there is none. Who may come in is said by
/// <c>broker.gateway</c>. Defaults are in hocon/reference.conf.
/// </summary>
public sealed record DoorSettings
{
    private const int LongestName = 64;
    private const int LeastHeartbeats = 3;

    /// <summary>Where it listens; a host <c>*</c> is every address. Null: there is no door.</summary>
    public required HostEndpoint? Listen { get; init; }

    /// <summary>The broker's name in its address.</summary>
    public required string KnownAs { get; init; }

    /// <summary>How long either end may be silent, 50 ms to 1 min.</summary>
    public required TimeSpan Heartbeat { get; init; }

    /// <summary>After how much silence a client counts as dead, 200 ms to 1 h.</summary>
    public required TimeSpan SilenceLimit { get; init; }

    /// <summary>How long a login may take, 100 ms to 1 min.</summary>
    public required TimeSpan LoginTimeout { get; init; }

    /// <summary>Clients at the same time, 1 to 100000.</summary>
    public required int MaxClients { get; init; }

    /// <summary>Requests of one client at the same time, 1 to 10000000.</summary>
    public required int MaxRequests { get; init; }

    /// <summary>Bytes that may wait for one client, 1 MiB to 2047 MiB.</summary>
    public required int Backlog { get; init; }

    /// <summary>Bytes of one client's requests that are on their way in pieces, 1 MiB to 2047 MiB.</summary>
    public required int LargestRequests { get; init; }

    /// <summary>Users that may control pools.</summary>
    public required ImmutableArray<string> Admins { get; init; }

    /// <summary>Encryption.</summary>
    public required DoorTlsSettings Tls { get; init; }

    internal static DoorSettings From(SettingsReader reader)
    {
        var settings = new DoorSettings
        {
            Listen = ListenFrom(reader),
            KnownAs = reader.Words("known-as"),
            Heartbeat = reader.Duration("heartbeat", "50ms", "1m"),
            SilenceLimit = reader.Duration("silence-limit", "200ms", "1h"),
            LoginTimeout = reader.Duration("login-timeout", "100ms", "1m"),
            MaxClients = reader.Whole("max-clients", 1, 100_000),
            MaxRequests = reader.Whole("max-requests", 1, 10_000_000),
            Backlog = reader.Bytes("backlog", "1MiB", "2047MiB"),
            LargestRequests = reader.Bytes("largest-requests", "1MiB", "2047MiB"),
            Admins = reader.List("admins"),
            Tls = DoorTlsSettings.From(reader.Inside("tls")),
        };
        reader.Check(IsName(settings.KnownAs), "known-as", $"allowed are 1 to {LongestName} letters, digits, - and _, a letter first");
        reader.Check(settings.SilenceLimit >= settings.Heartbeat * LeastHeartbeats, "silence-limit",
            $"it is at least {LeastHeartbeats} heartbeats");
        reader.Check(settings.Listen is null || settings.Tls.IsOn || IsLoopback(settings.Listen.Host), "listen",
            "beside loopback tls.certificate must be given");
        reader.Done();
        return settings;
    }

    private static HostEndpoint? ListenFrom(SettingsReader reader)
    {
        var text = reader.Words("listen");
        if (text.Length == 0)
            return null;
        var endpoint = ListenAddress.TryParse(text, 0);
        reader.Check(endpoint is { IsUnixSocket: false }, "listen", "allowed is tcp://host:port, in quotes");
        return endpoint;
    }

    // A name may mean another address tomorrow.
    private static bool IsLoopback(string host) =>
        host == "localhost" || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static bool IsName(string name) => name.Length is > 0 and <= LongestName && char.IsAsciiLetter(name[0])
        && name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_');
}
