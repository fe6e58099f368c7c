using System.Collections.Immutable;
using Broker.Configuration;

namespace Broker.Hosting;

/// <summary>
/// The settings that hold in a running broker: those it was started with, and of those that it was given later, what can be taken without a
/// restart.
/// </summary>
internal sealed record SettingsInForce
{
    private static readonly ImmutableArray<string> TakenByPools =
        ["broker.servers", "broker.server-defaults", "broker.databases", "broker.database-defaults", "broker.pool"];

    /// <summary>
    /// What a running gateway takes, each with all that is inside; it reads the files that are named there again each time.
    /// </summary>
    private static readonly ImmutableArray<string> TakenByGateway =
    [
        "broker.gateway.auth", "broker.gateway.auth-file", "broker.gateway.auth-query", "broker.gateway.hba", "broker.gateway.hba-file",
        "broker.gateway.tls.certificate", "broker.gateway.tls.key", "broker.gateway.tls.ca", "broker.gateway.mode",
    ];

    // What is known of texts, and the errands in line, were judged by these.
    private static readonly ImmutableArray<string> KeptByPools = ["errands", "packing"];

    private SettingsInForce(BrokerSettings settings) =>
        (Settings, Values, Known) = (settings, SettingsChanges.ValuesOf(settings), settings.Databases);

    /// <summary>The settings.</summary>
    internal BrokerSettings Settings { get; private init; }

    /// <summary>The same as they were written, by their paths.</summary>
    private ImmutableDictionary<string, string> Values { get; init; }

    /// <summary>The databases that there are, and those that there were: their pools are there still.</summary>
    private ImmutableSortedDictionary<string, DatabaseSettings> Known { get; init; }

    /// <summary>Those of a broker that starts.</summary>
    internal static SettingsInForce At(BrokerSettings start) => new(start);

    /// <summary>The broker is given others.</summary>
    /// <param name="given">All of them.</param>
    /// <param name="hasGateway">Whether there is a gateway.</param>
    /// <returns>What holds from then on, and what is told of it.</returns>
    internal (SettingsInForce Next, SettingsReloaded Reloaded) Take(BrokerSettings given, bool hasGateway)
    {
        var values = SettingsChanges.ValuesOf(given);
        var taken = SettingsChanges.Between(Values, values).Where(path => IsTaken(path, hasGateway)).ToImmutableArray();
        var held = taken.Aggregate(Values,
            (held, path) => values.TryGetValue(path, out var value) ? held.SetItem(path, value) : held.Remove(path));
        var known = given.Databases.Values
            .Aggregate(Known, static (known, database) => known.SetItem(database.Name, KeepingOwn(database, known)));
        var next = this with
        {
            Settings = given with
            {
                Databases = given.Databases.Keys.ToImmutableSortedDictionary(static name => name, name => known[name],
                    StringComparer.Ordinal),
                ErrandDefaults = Settings.ErrandDefaults,
                PackingDefaults = Settings.PackingDefaults,
                Sessions = Settings.Sessions,
                Gateway = Settings.Gateway with { Mode = given.Gateway.Mode },
                Door = Settings.Door,
                Shutdown = Settings.Shutdown,
                Log = Settings.Log,
                Diagnostics = Settings.Diagnostics,
            },
            Values = held,
            Known = known,
        };
        return (next,
            new(taken, [.. SettingsChanges.Between(held, values).Where(path => values.ContainsKey(path) || !IsOfRemoved(path, given))]));
    }

    private static DatabaseSettings KeepingOwn(DatabaseSettings database, ImmutableSortedDictionary<string, DatabaseSettings> known) =>
        known.TryGetValue(database.Name, out var before) ? database with { Errands = before.Errands, Packing = before.Packing } : database;

    private bool IsTaken(string path, bool hasGateway) =>
        (IsInside(path, TakenByPools) && !IsKept(path)) || (hasGateway && IsInside(path, TakenByGateway));

    private bool IsKept(string path) =>
        KeptByPools.Any(section => IsInside(path, $"broker.database-defaults.{section}") || Known.Keys
            .Any(name => IsInside(path, $"broker.databases.{name}.{section}")));

    // What was kept of a database is of no meaning while there is none.
    private bool IsOfRemoved(string path, BrokerSettings given) =>
        Known.Keys.Any(name => !given.Databases.ContainsKey(name) && IsInside(path, $"broker.databases.{name}"));

    private static bool IsInside(string path, ImmutableArray<string> sections) => sections.Any(section => IsInside(path, section));

    private static bool IsInside(string path, string section) =>
        path == section || path.StartsWith(section + ".", StringComparison.Ordinal);
}
