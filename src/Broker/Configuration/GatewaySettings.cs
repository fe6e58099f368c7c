using System.Collections.Immutable;
using Broker.Gateway.Access;

namespace Broker.Configuration;

/// <summary>
/// <c>broker.gateway</c>: the door for clients of PostgreSQL. Without <see cref="Listen"/> there is none. What servers, pools and budgets
/// do is said there and nowhere else: how long a connect may take, how long a connection is kept. Defaults are in hocon/reference.conf.
/// </summary>
public sealed record GatewaySettings
{
    private const int MostProblemsTold = 3;

    /// <summary>Where it listens; a host <c>*</c> is every address. Empty: there is no gateway.</summary>
    public required ImmutableArray<HostEndpoint> Listen { get; init; }

    /// <summary>How every client shows who it is, when there are no rules.</summary>
    public required AccessMethod Auth { get; init; }

    /// <summary>A file of users and their passwords, in PgBouncer's format; empty: none.</summary>
    public required string AuthFile { get; init; }

    /// <summary>The access rules, each with its line; empty: those of <see cref="HbaFile"/>, or none.</summary>
    public required ImmutableArray<string> Hba { get; init; }

    /// <summary>A file of access rules; empty: none.</summary>
    public required string HbaFile { get; init; }

    /// <summary>The statement that looks up what is kept of the password of user <c>$1</c>; empty: none is looked up.</summary>
    public required string AuthQuery { get; init; }

    /// <summary>How long a client keeps its server connection, where neither database nor user say.</summary>
    public required PoolMode Mode { get; init; }

    /// <summary>Event loops, 1 to 1024; null: a quarter of the processors, at least one.</summary>
    public required int? Loops { get; init; }

    /// <summary>Clients at the same time, 1 to 1000000.</summary>
    public required int MaxClients { get; init; }

    /// <summary>Of these, those of one user, 1 to 1000000; null: no limit.</summary>
    public required int? MaxClientsPerUser { get; init; }

    /// <summary>Of these, those of one database, 1 to 1000000; null: no limit.</summary>
    public required int? MaxClientsPerDatabase { get; init; }

    /// <summary>Prepared statements of clients kept per server connection, 0 to 10000; 0: they are not rewritten.</summary>
    public required int PreparedStatements { get; init; }

    /// <summary>What servers show as application_name.</summary>
    public required ShownName ApplicationName { get; init; }

    /// <summary>Whether a client's BEGIN is answered by the broker, and sent to the server with the statement behind it.</summary>
    public required bool HoldBegin { get; init; }

    /// <summary>How long things may take.</summary>
    public required GatewayTimeoutSettings Timeouts { get; init; }

    /// <summary>How much is read and held per socket.</summary>
    public required GatewayBufferSettings Buffer { get; init; }

    /// <summary>Unix sockets.</summary>
    public required GatewayUnixSettings Unix { get; init; }

    /// <summary>Encryption of clients.</summary>
    public required GatewayTlsSettings Tls { get; init; }

    internal static GatewaySettings From(SettingsReader reader)
    {
        var unix = GatewayUnixSettings.From(reader.Inside("unix"));
        var settings = new GatewaySettings
        {
            Listen = ListenFrom(reader, unix.DefaultPort),
            Auth = reader.Choice<AccessMethod>("auth"),
            AuthFile = reader.ExistingFile("auth-file"),
            Hba = reader.List("hba"),
            HbaFile = reader.ExistingFile("hba-file"),
            AuthQuery = reader.Words("auth-query"),
            Mode = reader.Choice<PoolMode>("mode"),
            Loops = reader.WholeOr("loops", "auto", 1, 1_024),
            MaxClients = reader.Whole("max-clients", 1, 1_000_000),
            MaxClientsPerUser = reader.WholeOr("max-clients-per-user", "off", 1, 1_000_000),
            MaxClientsPerDatabase = reader.WholeOr("max-clients-per-database", "off", 1, 1_000_000),
            PreparedStatements = reader.Whole("prepared-statements", 0, 10_000),
            ApplicationName = reader.Choice<ShownName>("application-name"),
            HoldBegin = reader.Switch("hold-begin"),
            Timeouts = GatewayTimeoutSettings.From(reader.Inside("timeouts")),
            Buffer = GatewayBufferSettings.From(reader.Inside("buffer")),
            Unix = unix,
            Tls = GatewayTlsSettings.From(reader.Inside("tls")),
        };
        settings.CheckAccess(reader);
        reader.Done();
        return settings;
    }

    private static ImmutableArray<HostEndpoint> ListenFrom(SettingsReader reader, int unixPort)
    {
        var listen = reader.List("listen").Select(text => ListenAddress.TryParse(text, unixPort)).ToImmutableArray();
        reader.Check(!listen.Contains(null) && listen.Distinct().Count() == listen.Length, "listen", ListenAddress.Allowed);
        reader.Check(
            listen.OfType<HostEndpoint>().All(ListenAddress.Fits),
            "listen",
            "the name of a Unix socket with its folder has at most 107 bytes");
        return [.. listen.OfType<HostEndpoint>()];
    }

    private void CheckAccess(SettingsReader reader)
    {
        reader.Check(Hba.IsEmpty || HbaFile.Length == 0, "hba-file", "only one of hba and hba-file may be given");
        reader.Check(
            AuthQuery.Length == 0 || AuthQuery.Contains("$1", StringComparison.Ordinal),
            "auth-query",
            "the statement must use $1, the name of the user");
        if (Text(AuthFile, reader, "auth-file") is { } users)
        {
            UserList.Parse(users, out var wrong);
            Check(wrong, reader, "auth-file");
        }
        if (!Hba.IsEmpty)
            Check(AccessRules.Parse(string.Join('\n', Hba), out var wrong), wrong, reader, "hba");
        else if (Text(HbaFile, reader, "hba-file") is { } rules)
            Check(AccessRules.Parse(rules, out var wrong), wrong, reader, "hba-file");
        else
            Check(AccessRules.Of(Auth), [], reader, "auth");
        reader.Check(
            !Hba.IsEmpty || HbaFile.Length > 0 || Auth != AccessMethod.Peer || Listen.All(static endpoint => endpoint.IsUnixSocket),
            "auth", "peer needs Unix sockets: only they show whose process is at the other end");
    }

    private void Check(AccessRules rules, ImmutableArray<LineProblem> wrong, SettingsReader reader, string key)
    {
        Check(wrong, reader, key);
        reader.Check(!rules.Use(AccessMethod.Cert) || Tls.Verifies, key, "cert needs tls.mode = verify-ca or verify-full");
    }

    private static void Check(ImmutableArray<LineProblem> wrong, SettingsReader reader, string key)
    {
        var more = wrong.Length > MostProblemsTold ? $"; and {wrong.Length - MostProblemsTold} more" : "";
        reader.Check(wrong.IsEmpty, key, $"{string.Join("; ", wrong.Take(MostProblemsTold))}{more}");
    }

    private static string? Text(string file, SettingsReader reader, string key)
    {
        if (file.Length == 0 || !File.Exists(file))
            return null;
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            reader.Check(false, key, $"the file cannot be read: {failure.Message}");
            return null;
        }
    }
}
