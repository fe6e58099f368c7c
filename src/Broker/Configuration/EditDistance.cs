namespace Broker.Configuration;

/// <summary>How many letters must be added, removed, changed or swapped to make one word of another.</summary>
internal static class EditDistance
{
    /// <summary>The candidate nearest to the word; the first of equals. Null when there is no candidate.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates) =>
        candidates.MinBy(candidate => Between(Plain(word), Plain(candidate)));

    public static int Between(string one, string other)
    {
        var before = new int[other.Length + 1];
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        var next = new int[other.Length + 1];
        for (var i = 1; i <= one.Length; i++)
        {
            next[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var change = one[i - 1] == other[j - 1] ? 0 : 1;
                next[j] = Math.Min(Math.Min(next[j - 1], row[j]) + 1, row[j - 1] + change);
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    next[j] = Math.Min(next[j], before[j - 2] + 1);
                }
            }

            (before, row, next) = (row, next, before);
        }

        return row[other.Length];
    }

    // acquireTimeout, acquire_timeout and acquire-timeout are the same slip of the pen
    private static string Plain(string word) =>
        string.Concat(word.Where(letter => letter is not ('-' or '_')).Select(char.ToLowerInvariant));
}
