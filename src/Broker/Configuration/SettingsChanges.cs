using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>Tells what is otherwise in settings that were read later, by the paths of the values; never by the values themselves.</summary>
internal static class SettingsChanges
{
    /// <summary>The paths of what was changed, added or removed, in their order.</summary>
    public static ImmutableArray<string> Between(BrokerSettings before, BrokerSettings after) => Between(ValuesOf(before), ValuesOf(after));

    /// <summary>The same of values that are known by their paths.</summary>
    public static ImmutableArray<string> Between(ImmutableDictionary<string, string> before, ImmutableDictionary<string, string> after) =>
        [.. before.Keys.Union(after.Keys).Where(path => before.GetValueOrDefault(path) != after.GetValueOrDefault(path))
            .Order(StringComparer.Ordinal)];

    /// <summary>What was written, by the paths of the values. It holds passwords.</summary>
    // A name with a dot in it may give two values the same path.
    public static ImmutableDictionary<string, string> ValuesOf(BrokerSettings settings) => ReferenceConfiguration.LeavesOf(settings.Tree)
        .GroupBy(leaf => leaf.Path, ValueOf, StringComparer.Ordinal)
        .ToImmutableDictionary(leaves => leaves.Key, leaves => string.Join('\n', leaves), StringComparer.Ordinal);

    private static string ValueOf(SettingsNode leaf) => leaf switch
    {
        SettingsNode.Value value => value.Text,
        SettingsNode.Texts texts => string.Join('\0', texts.Items),
        _ => "",
    };
}
