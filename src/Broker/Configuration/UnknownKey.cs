namespace Broker.Configuration;

/// <summary>Says what was probably meant by a key that does not exist.</summary>
internal static class UnknownKey
{
    public static string Describe(string key, string path, IReadOnlyCollection<string> known)
    {
        var here = EditDistance.Nearest(key, known);
        var far = here is null || EditDistance.Between(key, here) > Math.Max(2, key.Length / 3);
        var elsewhere = far ? Elsewhere(key, path) : null;
        return elsewhere is not null ? $"there is no such key here; {key} belongs to {elsewhere}"
            : far ? $"there is no such key; known here are {string.Join(", ", known.Order(StringComparer.Ordinal))}"
            : $"there is no such key; nearest is {here}";
    }

    // acquire-timeout written beside pool { } instead of inside it
    private static string? Elsewhere(string key, string path)
    {
        var sections = ReferenceConfiguration.Leaves
            .Where(leaf => leaf.EndsWith($".{key}", StringComparison.Ordinal) && leaf != path)
            .Select(leaf => leaf[..^(key.Length + 1)])
            .ToList();
        return sections.Count > 0 ? string.Join(" or ", sections) : null;
    }
}
