using System.Collections.Immutable;
using Npgsql;

namespace Broker.Configuration;

/// <summary>
/// The short form of a database: what an Npgsql connection string says about where and who. What it says about
/// pooling, timeouts and batches is the broker's own business and is refused rather than ignored.
/// </summary>
internal sealed record ConnectionString
{
    private const string Key = "connection-string";

    // by Npgsql's own names; the value of none is ever repeated in a message
    private static readonly ImmutableHashSet<string> Allowed =
    [
        "Host", "Port", "Database", "Username", "Password", "SSL Mode", "Root Certificate", "SSL Certificate", "SSL Key",
        "Target Session Attributes", "Load Balance Hosts", "Application Name", "Search Path",
    ];

    // what stands beside the short form in the same section would be ignored
    private static readonly ImmutableArray<string> Exclusive = ["server", "database", "user", "password", "password-env", "password-file"];

    public required ImmutableArray<HostEndpoint> Hosts { get; init; }

    public required string? Database { get; init; }

    public required string User { get; init; }

    public required PasswordSource? Password { get; init; }

    public required string? ApplicationName { get; init; }

    public required ImmutableSortedDictionary<string, string> Settings { get; init; }

    private NpgsqlConnectionStringBuilder Parts { get; init; } = [];

    /// <summary>The connection string of a database; null when it has none, or an unusable one (which is noted).</summary>
    public static ConnectionString? From(SettingsReader reader)
    {
        var text = reader.Words(Key);
        if (text.Length == 0)
        {
            return null;
        }

        foreach (var key in Exclusive
            .Where(key => reader.Given(key).Length > 0 && !(key.StartsWith("password-", StringComparison.Ordinal) || key == "password")))
        {
            reader.Check(false, key, $"{key} and {Key} exclude each other");
        }

        return Parse(text) is not { } parts ? Refused(reader, "is not a valid Npgsql connection string: Key=value;Key=value")
            : parts.Keys.Cast<string>().Where(key => !Allowed.Contains(key)).ToList() is { Count: > 0 } foreign
                ? Refused(reader,
                    $"{string.Join(", ", foreign)}: not taken from a connection string; see the keys of broker.pool, "
                        + "broker.errands and broker.servers")
            : HostsOf(parts) is { IsEmpty: false } hosts ? Of(parts, hosts, reader)
            : Refused(reader, "a Host is needed in it");
    }

    /// <summary>A server with what the string says about it; what it does not say stays.</summary>
    public ServerSettings Over(ServerSettings server) => server with
    {
        Tls = Parts.ContainsKey("SSL Mode") ? Mode(Parts.SslMode) : server.Tls,
        RootCertificate = Parts.RootCertificate ?? server.RootCertificate,
        ClientCertificate = Parts.SslCertificate ?? server.ClientCertificate,
        ClientKey = Parts.SslKey ?? server.ClientKey,
        TargetSessionAttrs = Parts.TargetSessionAttributes is { } text ? Attributes(text) : server.TargetSessionAttrs,
        LoadBalanceHosts = Parts.ContainsKey("Load Balance Hosts") ? Parts.LoadBalanceHosts : server.LoadBalanceHosts,
    };

    /// <summary>Says nothing of its content.</summary>
    public override string ToString() => "***";

    private static ConnectionString Of(NpgsqlConnectionStringBuilder parts, ImmutableArray<HostEndpoint> hosts, SettingsReader reader)
    {
        var elsewhere = PasswordSource.From(reader);
        reader.Check(
            parts.Password is null || elsewhere is PasswordSource.None, Key, "the password is given twice: in it and beside it");
        return new ConnectionString
        {
            Hosts = hosts,
            Database = parts.Database,
            User = parts.Username ?? "",
            Password = parts.Password is { } password ? new PasswordSource.Literal(new Secret(password)) : elsewhere,
            ApplicationName = parts.ApplicationName,
            Settings = parts.SearchPath is { } path
                ? ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add("search_path", path)
                : ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal),
            Parts = parts,
        };
    }

    // the exception's own text may repeat a part of a password that contains a semicolon
    private static NpgsqlConnectionStringBuilder? Parse(string text)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(text);
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            return null;
        }
    }

    private static ImmutableArray<HostEndpoint> HostsOf(NpgsqlConnectionStringBuilder parts)
    {
        var hosts = (parts.Host ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(host => HostEndpoint.TryParse(host, parts.Port)).ToImmutableArray();
        return hosts.Contains(null) ? [] : [.. hosts.OfType<HostEndpoint>()];
    }

    private static ConnectionString? Refused(SettingsReader reader, string text)
    {
        reader.Check(false, Key, text);
        return null;
    }

    private static TlsMode Mode(SslMode mode) => mode switch
    {
        SslMode.Disable => TlsMode.Disable,
        SslMode.Allow => TlsMode.Allow,
        SslMode.Prefer => TlsMode.Prefer,
        SslMode.Require => TlsMode.Require,
        SslMode.VerifyCA => TlsMode.VerifyCa,
        SslMode.VerifyFull => TlsMode.VerifyFull,
    };

    private static TargetSessionAttributes Attributes(string text) => text switch
    {
        "read-write" => TargetSessionAttributes.ReadWrite,
        "read-only" => TargetSessionAttributes.ReadOnly,
        "primary" => TargetSessionAttributes.Primary,
        "standby" => TargetSessionAttributes.Standby,
        "prefer-standby" => TargetSessionAttributes.PreferStandby,
        _ => TargetSessionAttributes.Any,
    };
}
