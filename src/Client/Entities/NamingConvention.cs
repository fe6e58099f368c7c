using System.Collections.Immutable;
using System.Text;

namespace Broker.Client.Entities;

/// <summary>What a type or property is called in the database when no attribute says so.</summary>
internal static class NamingConvention
{
    /// <summary>`OrderLine` is order_line, `HTTPStatus` http_status, `Line2` line2.</summary>
    internal static string Snake(string name)
    {
        var snake = new StringBuilder(name.Length + 4);
        for (var i = 0; i < name.Length; i++)
        {
            var startsWord = char.IsUpper(name[i]) && i > 0 && name[i - 1] != '_'
                && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1])));
            if (startsWord)
                snake.Append('_');
            snake.Append(char.ToLowerInvariant(name[i]));
        }
        return snake.ToString();
    }

    /// <summary>The names that a type's table may have: the singular and the plural.</summary>
    internal static ImmutableArray<string> TableNames(string typeName)
    {
        var singular = Snake(typeName);
        var start = singular.LastIndexOf('_') + 1;
        return [singular, singular[..start] + Plural(singular[start..])];
    }

    private static string Plural(string word) => word switch
    {
        "person" => "people",
        "child" => "children",
        _ when word.EndsWith('y') && word.Length > 1 && !"aeiou".Contains(word[^2], StringComparison.Ordinal) => word[..^1] + "ies",
        _ when word.EndsWith('s') || word.EndsWith('x') || word.EndsWith('z') || word.EndsWith("ch", StringComparison.Ordinal)
            || word.EndsWith("sh", StringComparison.Ordinal) => word + "es",
        _ => word + "s",
    };
}
