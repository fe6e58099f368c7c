using System.Collections.Immutable;
using Akka.Configuration;

namespace Broker.Configuration;

/// <summary>
/// Everything under <c>broker</c> in the configuration, read once at the door and checked as a whole: what is not
/// refused here is right. Path = folder = record: <c>broker.pool.acquire-timeout</c> is
/// <see cref="PoolSettings.AcquireTimeout"/>. The defaults are in hocon/reference.conf and nowhere else.
/// </summary>
public sealed record BrokerSettings
{
    private BrokerSettings()
    {
    }

    /// <summary>The defaults, as a fallback for an application's configuration.</summary>
    public static Config Reference => ReferenceConfiguration.Config;

    /// <summary>The servers by name.</summary>
    public required ImmutableSortedDictionary<string, ServerSettings> Servers { get; init; }

    /// <summary>The databases by the name callers use.</summary>
    public required ImmutableSortedDictionary<string, DatabaseSettings> Databases { get; init; }

    /// <summary><c>broker.server-defaults</c>: what a server is that says nothing of itself.</summary>
    public required ServerSettings ServerDefaults { get; init; }

    /// <summary><c>broker.pool</c>: what no database overrides.</summary>
    public required PoolSettings PoolDefaults { get; init; }

    /// <summary><c>broker.errands</c>: what no database overrides.</summary>
    public required ErrandSettings ErrandDefaults { get; init; }

    /// <summary><c>broker.packing</c>: what no database overrides.</summary>
    public required PackingSettings PackingDefaults { get; init; }

    /// <summary>Conversations.</summary>
    public required SessionSettings Sessions { get; init; }

    /// <summary>The door for clients of PostgreSQL.</summary>
    public required GatewaySettings Gateway { get; init; }

    /// <summary>The door for .NET programs on other machines.</summary>
    public required DoorSettings Door { get; init; }

    /// <summary>The graceful stop.</summary>
    public required ShutdownSettings Shutdown { get; init; }

    /// <summary>What is logged beside the usual.</summary>
    public required LogSettings Log { get; init; }

    /// <summary>Metrics, traces, status and health.</summary>
    public required DiagnosticsSettings Diagnostics { get; init; }

    /// <summary>
    /// What was read, the defaults included, to tell what is otherwise in settings that are read later. It holds passwords.
    /// </summary>
    internal SettingsNode.Section Tree { get; private init; } = SettingsNode.Section.Empty("broker", "");

    /// <summary>Reads a configuration, with the defaults behind it whether or not it has them as a fallback already.</summary>
    /// <exception cref="SettingsException">A value is wrong, or a key under <c>broker</c> is unknown; all of them are listed.</exception>
    public static BrokerSettings From(Config config) => From(config, SettingsOrigins.Unknown);

    /// <summary>Reads a HOCON text; <paramref name="name"/> is what messages call it.</summary>
    /// <exception cref="SettingsException">
    /// The text has no proper shape, a value is wrong or a key unknown; all of them are listed.
    /// </exception>
    public static BrokerSettings Parse(string hocon, string name = "application configuration")
    {
        var shape = HoconText.Read(hocon, name);
        return From(HoconParser.Parse(hocon, shape, name), new SettingsOrigins(name, shape.Lines));
    }

    /// <summary>Reads a HOCON file; messages name its path.</summary>
    /// <exception cref="SettingsException">As for <see cref="Parse"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static BrokerSettings Load(string file) => Parse(File.ReadAllText(file), file);

    /// <summary>The settings of the pool of a database and a user; without a user, of the database's own.</summary>
    /// <exception cref="KeyNotFoundException">
    /// No such database is configured. A user that is not configured has the database's settings.
    /// </exception>
    public PoolSettings Pool(string database, string? user = null)
    {
        var settings = Databases[database];
        return settings.Users.TryGetValue(user ?? settings.User, out var own) ? own.Pool : settings.Pool;
    }

    /// <summary>
    /// The database that a client of the gateway means: the one of that name, or what stands for all others under that name; null when
    /// there is none.
    /// </summary>
    internal DatabaseSettings? DatabaseFor(string name) => name == DatabaseSettings.Others ? null
        : Databases.TryGetValue(name, out var named) ? named
        : Databases.TryGetValue(DatabaseSettings.Others, out var others) ? others.Named(name)
        : null;

    private static BrokerSettings From(Config config, SettingsOrigins origins)
    {
        var problems = new SettingsProblems();
        var tree = SettingsTree.Of(config, origins.Of);
        var whole = SettingsTree.Merge(tree, ReferenceConfiguration.Tree,
            node => problems.Add(node, "a section is expected here: { ... }"));
        var settings = From(new SettingsReader(problems, (SettingsNode.Section)whole), (SettingsNode.Section)whole);
        problems.ThrowIfAny();
        return settings;
    }

    private static BrokerSettings From(SettingsReader root, SettingsNode.Section tree)
    {
        var common = root.Inside("server-defaults");
        var servers = new ServerBook(
            ServerSettings.From("", common),
            root.Named("servers", common).Select(server => ServerSettings.From(server.Name, server.Reader)).ToList());
        var databases = root.Named("databases", root.Inside("database-defaults"))
            .Select(database => DatabaseSettings.From(database.Name, database.Reader, root, servers)).ToList();
        var settings = new BrokerSettings
        {
            Servers = servers.Servers,
            Databases = databases.ToImmutableSortedDictionary(database => database.Name, database => database, StringComparer.Ordinal),
            ServerDefaults = ServerSettings.From("", common),
            PoolDefaults = PoolSettings.From(root.Inside("pool")),
            ErrandDefaults = ErrandSettings.From(root.Inside("errands")),
            PackingDefaults = PackingSettings.From(root.Inside("packing")),
            Sessions = SessionSettings.From(root.Inside("sessions")),
            Gateway = GatewaySettings.From(root.Inside("gateway")),
            Door = DoorSettings.From(root.Inside("door")),
            Shutdown = ShutdownSettings.From(root.Inside("shutdown")),
            Log = LogSettings.From(root.Inside("log")),
            Diagnostics = DiagnosticsSettings.From(root.Inside("diagnostics")),
            Tree = tree,
        };
        root.Done();
        return settings;
    }
}
