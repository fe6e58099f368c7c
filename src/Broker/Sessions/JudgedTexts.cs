using System.Collections.Concurrent;

namespace Broker.Sessions;

/// <summary>
/// Remembers what was found of texts that come again and again, such as those of flushes, so that each is read once. What it remembers
/// follows from the text alone, so nobody can tell. Any number of threads may ask; when it is full it begins anew.
/// </summary>
/// <param name="judge">Why a text is refused; null when it may be sent.</param>
internal sealed class JudgedTexts(Func<string, string?> judge)
{
    /// <summary>How many texts are remembered at most.</summary>
    internal const int Most = 1024;

    /// <summary>The longest text that is remembered, in characters.</summary>
    internal const int LongestText = 4096;

    private readonly ConcurrentDictionary<string, string?> _known = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>How many texts are remembered.</summary>
    internal int Count => _known.Count;

    /// <summary>Why a text is refused; null when it may be sent.</summary>
    internal string? Of(string text) =>
        text.Length > LongestText ? judge(text) : _known.TryGetValue(text, out var words) ? words : Remember(text, judge(text));

    private string? Remember(string text, string? words)
    {
        if (Interlocked.Increment(ref _count) > Most)
        {
            Volatile.Write(ref _count, 1);
            _known.Clear();
        }
        _known[text] = words;
        return words;
    }
}
