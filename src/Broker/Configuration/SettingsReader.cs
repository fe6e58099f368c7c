using System.Collections.Immutable;
using System.Globalization;

namespace Broker.Configuration;

/// <summary>
/// Reads one record out of layers of sections, the most specific first: a user's, the database's, the common one. A
/// wrong value is noted and reading goes on, so that one start tells all that is wrong. <see cref="Done"/> notes
/// every key that nobody asked for.
/// </summary>
internal sealed class SettingsReader
{
    private readonly SettingsProblems _problems;
    private readonly ImmutableArray<SettingsNode.Section> _layers;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    public SettingsReader(SettingsProblems problems, params ImmutableArray<SettingsNode.Section> layers)
    {
        _problems = problems;
        _layers = layers;
    }

    /// <summary>The path of the most specific layer: where a user would override a key.</summary>
    public string Path => _layers[0].Path;

    /// <summary>The node of a key in the most specific layer that has it.</summary>
    public SettingsNode? Find(string key)
    {
        _known.Add(key);
        foreach (var layer in _layers)
        {
            if (layer.Children.TryGetValue(key, out var node))
            {
                return node;
            }
        }

        return null;
    }

    public int Whole(string key, int least, int most) => WholeOr(key, null, least, most) ?? least;

    /// <summary>A whole number, or null when the word stands there.</summary>
    public int? WholeOr(string key, string? word, int least, int most)
    {
        var allowed = $"allowed is a whole number from {least} to {most}{Or(word)}";
        return Text(key, allowed) is not { } text || text.Text == word ? null
            : int.TryParse(text.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                && number >= least
                && number <= most ? number
            : Refuse<int?>(text, allowed, null);
    }

    public double Fraction(string key, double least, double most)
    {
        var allowed = string.Create(CultureInfo.InvariantCulture, $"allowed is a number from {least} to {most}");
        return Text(key, allowed) is not { } text ? least
            : double.TryParse(text.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                && number >= least
                && number <= most ? number
            : Refuse(text, allowed, least);
    }

    public TimeSpan Duration(string key, string least, string most) => DurationOr(key, null, least, most) ?? TimeSpan.Zero;

    /// <summary>A time span, or null when it is off (<c>off</c> or <c>infinite</c>).</summary>
    public TimeSpan? DurationOrOff(string key, string least, string most) => DurationOr(key, "off", least, most);

    public int Bytes(string key, string least, string most)
    {
        var allowed = $"allowed is a size with its unit (B, KiB, MiB, GiB) from {least} to {most}";
        return Text(key, allowed) is not { } text ? 0
            : Quantity.TryBytes(text.Text, out var size) && size >= Quantity.Bytes(least) && size <= Quantity.Bytes(most) ? (int)size
            : Refuse(text, allowed, 0);
    }

    public bool Switch(string key) =>
        Text(key, "allowed is on or off") switch
        {
            null => false,
            { Text: "on" or "true" or "yes" } => true,
            { Text: "off" or "false" or "no" } => false,
            { } text => Refuse(text, "allowed is on or off", false),
        };

    /// <summary>One of an enum's values, written in lower case with dashes: <c>DiscardAll</c> is <c>discard-all</c>.</summary>
    public T Choice<T>(string key)
        where T : struct, Enum
    {
        var words = Enum.GetValues<T>().ToDictionary(value => KeyName.Of(value.ToString()), StringComparer.Ordinal);
        var allowed = $"allowed is one of {string.Join(", ", words.Keys)}";
        return Text(key, allowed) is not { } text ? default
            // HOCON's own word null is read as no text at all, quoted or not; a pool may be of that kind.
            : words.TryGetValue(text.Text.Length == 0 ? "null" : text.Text, out var choice) ? choice
            : Refuse(text, $"{allowed}; nearest is {EditDistance.Nearest(text.Text, words.Keys)}", default(T));
    }

    /// <summary>One of an enum's values; another where none is given, or an empty text.</summary>
    public T ChoiceOr<T>(string key, T otherwise)
        where T : struct, Enum => Find(key) is null or SettingsNode.Value { Text: "" } ? otherwise : Choice<T>(key);

    /// <summary>Permissions of a file, as chmod has them: four octal digits.</summary>
    public UnixFileMode Permissions(string key)
    {
        const string Allowed = "allowed are octal digits from 0000 to 0777";
        return Text(key, Allowed) is not { } text ? default
            : text.Text.Length == 4 && text.Text[0] == '0' && text.Text.All(static digit => digit is >= '0' and <= '7')
                ? (UnixFileMode)Convert.ToInt32(text.Text, 8)
            : Refuse(text, Allowed, default(UnixFileMode));
    }

    /// <summary>A text; empty when none is given.</summary>
    public string Words(string key) => Text(key, "allowed is a text")?.Text ?? "";

    /// <summary>A text, or null when it is off.</summary>
    public string? WordsOrOff(string key)
    {
        const string Allowed = "allowed is a text, or off";
        return Text(key, Allowed) is not { } text || text.Text == "off" ? null
            : text.Text.Length > 0 ? text.Text
            : Refuse<string?>(text, Allowed, null);
    }

    /// <summary>A list of texts; a single text is a list of one.</summary>
    public ImmutableArray<string> List(string key) =>
        Find(key) switch
        {
            SettingsNode.Texts texts => texts.Items,
            // Akka's parser makes an empty text of an empty list
            SettingsNode.Value { Text: "" } => [],
            SettingsNode.Value { Text: var text } when !text.Contains("${", StringComparison.Ordinal) => [text],
            SettingsNode.Value or SettingsNode.Substitution =>
                Refuse(Find(key)!, SettingsNode.Substitution.Advice, ImmutableArray<string>.Empty),
            null => Missing(key, "allowed is a list of texts", ImmutableArray<string>.Empty),
            { } node => Refuse(node, "allowed is a list of texts", ImmutableArray<string>.Empty),
        };

    /// <summary>A section of free names and texts, merged over all layers.</summary>
    public ImmutableSortedDictionary<string, string> Pairs(string key)
    {
        var pairs = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);
        foreach (var node in Sections(key).SelectMany(section => section.Children.Where(child => !pairs.ContainsKey(child.Key))))
        {
            pairs = node.Value is SettingsNode.Value value
                ? pairs.SetItem(node.Key, value.Text)
                : Refuse(node.Value, "allowed is a text", pairs);
        }

        return pairs;
    }

    /// <summary>A reader of an inner section of every layer that has it.</summary>
    public SettingsReader Inside(string key) => new(_problems, Sections(key));

    /// <summary>A reader of an inner section of the most specific layer, over other layers.</summary>
    public SettingsReader InsideOver(string key, SettingsReader common)
    {
        var sections = Sections(key);
        return sections.IsEmpty ? common : new(_problems, [.. sections, .. common._layers]);
    }

    /// <summary>The named sections inside a section: <c>broker.servers</c> gives one reader per server over its defaults.</summary>
    public IEnumerable<(string Name, SettingsReader Reader)> Named(string key, SettingsReader? defaults)
    {
        foreach (var (name, node) in Sections(key).SelectMany(section => section.Children))
        {
            if (node is SettingsNode.Section section)
            {
                yield return (name, new SettingsReader(_problems, [section, .. defaults?._layers ?? []]));
            }
            else
            {
                // the value is not shown: somebody may have written the connection string here
                _problems.Add(new SettingsProblem(node.Path, null, node.Origin, $"a section is expected here: {name} {{ ... }}"));
            }
        }
    }

    /// <summary>A text if there is one; empty else, and a missing key is no mistake.</summary>
    public string Given(string key) => Find(key) is null ? "" : Words(key);

    /// <summary>The path of a file that exists; empty when none is named.</summary>
    public string ExistingFile(string key)
    {
        var path = Words(key);
        Check(path.Length == 0 || File.Exists(path), key, "there is no such file");
        return path;
    }

    /// <summary>Says that a key exists although nothing of it is read here.</summary>
    public void Known(string key) => _known.Add(key);

    /// <summary>Notes a mistake at a key unless all is well.</summary>
    public void Check(bool well, string key, string text)
    {
        if (!well)
        {
            _problems.Add(Find(key) is { } node
                ? new SettingsProblem(node.Path, node.Shown, node.Origin, text)
                : new SettingsProblem($"{Path}.{key}", null, _layers[0].Origin, text));
        }
    }

    /// <summary>Notes the keys nobody asked for.</summary>
    public void Done()
    {
        foreach (var (key, node) in _layers.SelectMany(layer => layer.Children).Where(child => !_known.Contains(child.Key)))
        {
            // the value is not shown: a misspelt "password" is still a secret
            _problems.Add(new SettingsProblem(node.Path, null, node.Origin, UnknownKey.Describe(key, node.Path, _known)));
        }
    }

    private TimeSpan? DurationOr(string key, string? off, string least, string most)
    {
        var allowed = $"allowed is a time with its unit (ms, s, m, h, d) from {least} to {most}{Or(off)}";
        return Text(key, allowed) is not { } text || (off is not null && text.Text is "off" or "infinite") ? null
            : Quantity.TryTime(text.Text, out var time) && time >= Quantity.Time(least) && time <= Quantity.Time(most) ? time
            : Refuse<TimeSpan?>(text, allowed, null);
    }

    private ImmutableArray<SettingsNode.Section> Sections(string key)
    {
        _known.Add(key);
        var nodes = _layers.Where(layer => layer.Children.ContainsKey(key)).Select(layer => layer.Children[key]).ToImmutableArray();
        foreach (var node in nodes.Where(node => node is not SettingsNode.Section))
        {
            _problems.Add(node, $"a section is expected here: {key} {{ ... }}");
        }

        return [.. nodes.OfType<SettingsNode.Section>()];
    }

    private SettingsNode.Value? Text(string key, string allowed) => Find(key) switch
    {
        SettingsNode.Value { Text: var text } value when !text.Contains("${", StringComparison.Ordinal) => value,
        SettingsNode.Value or SettingsNode.Substitution => Refuse<SettingsNode.Value?>(Find(key)!, SettingsNode.Substitution.Advice, null),
        { } node => Refuse<SettingsNode.Value?>(node, allowed, null),
        null => Missing<SettingsNode.Value?>(key, allowed, null),
    };

    private T Refuse<T>(SettingsNode node, string allowed, T instead)
    {
        _problems.Add(node, node is SettingsNode.Section ? $"a section stands where a value is expected; {allowed}" : allowed);
        return instead;
    }

    private T Missing<T>(string key, string allowed, T instead)
    {
        _problems.Add(new SettingsProblem($"{Path}.{key}", null, _layers[0].Origin, $"a value is missing; {allowed}"));
        return instead;
    }

    private static string Or(string? word) => word is null ? "" : $", or {word}";
}
