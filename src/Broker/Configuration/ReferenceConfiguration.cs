using System.Collections.Immutable;
using Akka.Configuration;

namespace Broker.Configuration;

/// <summary>The defaults: hocon/reference.conf, embedded into this assembly. The only place where a default is written.</summary>
internal static class ReferenceConfiguration
{
    private const string Name = "reference.conf";

    public static string Text { get; } = Load();

    public static Config Config { get; } = ConfigurationFactory.ParseString(Text);

    public static HoconText Shape { get; } = HoconText.Read(Text, Name);

    public static SettingsNode Tree { get; } = SettingsTree.Of(Config, Origin);

    /// <summary>The path of every value.</summary>
    public static ImmutableArray<string> Leaves { get; } = [.. LeavesOf(Tree).Select(leaf => leaf.Path)];

    public static IEnumerable<SettingsNode> LeavesOf(SettingsNode node) =>
        node is SettingsNode.Section section && !section.Children.IsEmpty ? section.Children.Values.SelectMany(LeavesOf) : [node];

    private static string Origin(string path) => Shape.Lines.TryGetValue(path, out var line) ? $"{Name}, line {line}" : Name;

    private static string Load()
    {
        using var stream = typeof(ReferenceConfiguration).Assembly.GetManifestResourceStream("Broker.reference.conf")
            ?? throw new InvalidOperationException("The assembly was built without its reference.conf.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
