using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>Tells what is otherwise in settings that were read later, by the paths of the values; never by the values themselves.</summary>
internal static class SettingsChanges
{
    /// <summary>The paths of what was changed, added or removed, in their order.</summary>
    public static ImmutableArray<string> Between(BrokerSettings before, BrokerSettings after)
    {
        var (old, now) = (ValuesOf(before), ValuesOf(after));
        return [.. old.Keys.Union(now.Keys).Where(path => !old.ContainsKey(path) || !now.ContainsKey(path) || old[path] != now[path]).Order(StringComparer.Ordinal)];
    }

    // A name with a dot in it may give two values the same path.
    private static Dictionary<string, string> ValuesOf(BrokerSettings settings) => ReferenceConfiguration.LeavesOf(settings.Tree)
        .GroupBy(leaf => leaf.Path, ValueOf, StringComparer.Ordinal)
        .ToDictionary(leaves => leaves.Key, leaves => string.Join('\n', leaves), StringComparer.Ordinal);

    private static string ValueOf(SettingsNode leaf) => leaf switch
    {
        SettingsNode.Value value => value.Text,
        SettingsNode.Texts texts => string.Join('\0', texts.Items),
        _ => "",
    };
}
