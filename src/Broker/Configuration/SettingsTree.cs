using System.Collections.Immutable;
using Akka.Configuration;
using Akka.Configuration.Hocon;

namespace Broker.Configuration;

/// <summary>Makes the tree of <see cref="SettingsNode"/> from Akka's configuration and its fallbacks.</summary>
internal static class SettingsTree
{
    private const string Root = "broker";

    /// <summary>What stands at <c>broker</c>, the fallbacks' part merged into it; an empty section if nothing does.</summary>
    public static SettingsNode Of(Config config, Func<string, string> origin)
    {
        SettingsNode? tree = null;
        for (var layer = config; layer is not null; layer = layer.Fallback)
        {
            if (layer.Root is { } root && root.IsObject() && root.GetObject().Items.TryGetValue(Root, out var broker))
            {
                var node = Node(broker, Root, origin, []);
                tree = tree is null ? node : Merge(tree, node, static _ => { });
            }
        }

        return tree ?? SettingsNode.Section.Empty(Root, origin(Root));
    }

    /// <summary>
    /// Both trees in one; where both have a value the first one's stays. A value where the second has a section is told
    /// to <paramref name="misplaced"/> and left out, so that reading can go on.
    /// </summary>
    public static SettingsNode Merge(SettingsNode first, SettingsNode second, Action<SettingsNode> misplaced)
    {
        switch (first, second)
        {
            case (SettingsNode.Section one, SettingsNode.Section two):
                return one with
                {
                    Children = one.Children.SetItems(two.Children.Select(child => one.Children.TryGetValue(child.Key, out var own)
                        ? new(child.Key, Merge(own, child.Value, misplaced))
                        : child)),
                };
            case (_, SettingsNode.Section):
                misplaced(first);
                return second;
            // a default that came along as a fallback is still a default
            case (SettingsNode.Value one, SettingsNode.Value two) when one.Text == two.Text:
                return second;
            default:
                return first;
        }
    }

    private static SettingsNode Node(HoconValue value, string path, Func<string, string> origin, ImmutableHashSet<object> above)
    {
        // an optional substitution of something unknown resolves to the root: a tree without end
        if (value.Values.Any(element => element is HoconSubstitution { Path: "" or ['?', ..] }) || above.Contains(value))
        {
            return new SettingsNode.Substitution(path, origin(path));
        }

        return value.IsObject() ? Section(value, path, origin, above.Add(value))
            : value.IsArray()
                ? new SettingsNode.Texts(path, origin(path),
                    [.. value.GetArray().Select(item => item.IsObject() ? "{ }" : item.GetString())])
            : new SettingsNode.Value(path, origin(path), value.GetString() ?? "");
    }

    private static SettingsNode.Section Section(HoconValue value, string path, Func<string, string> origin,
        ImmutableHashSet<object> above) =>
        new(path, origin(path), value.GetObject().Items
            .Select(child => KeyValuePair.Create(child.Key, Node(child.Value, $"{path}.{child.Key}", origin, above)))
            .ToImmutableSortedDictionary(StringComparer.Ordinal));
}
