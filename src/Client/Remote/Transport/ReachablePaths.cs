using System.Collections.Immutable;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// The actors that the other side may send to: each path named, and all below it. A path is compared by its elements, never as text that
/// begins alike, and in its plain form only: no empty element, no dots that climb, nothing escaped.
/// </summary>
internal sealed class ReachablePaths
{
    private const int LongestPath = 1024;
    private readonly ImmutableArray<byte[]> _paths;

    /// <param name="paths">Each as <c>/user/door</c>: from the root, without an address.</param>
    /// <exception cref="ArgumentException">One is not such a path.</exception>
    public ReachablePaths(IEnumerable<string> paths)
    {
        _paths = [.. paths.Select(System.Text.Encoding.ASCII.GetBytes)];
        if (_paths.FirstOrDefault(static path => !IsPlain(path)) is { } wrong)
        {
            throw new ArgumentException(
                $"{System.Text.Encoding.ASCII.GetString(wrong)} is not a path from the root, such as /user/door", nameof(paths));
        }
    }

    /// <summary>Whether a path, which may end in <c>#</c> and the actor's uid, is one of them or below one.</summary>
    public bool Reach(ReadOnlySpan<byte> path)
    {
        if (!IsPlain(path))
        {
            return false;
        }

        foreach (var one in _paths)
        {
            if (path.StartsWith(one) && (path.Length == one.Length || path[one.Length] is (byte)'/' or (byte)'#'))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a path is written so that it can only mean one actor: <c>/name/name#uid</c>.</summary>
    public static bool IsPlain(ReadOnlySpan<byte> path)
    {
        var uid = path.IndexOf((byte)'#');
        var names = uid < 0 ? path : path[..uid];
        return path.Length is > 0 and <= LongestPath && names is [(byte)'/', ..]
            && (uid < 0 || IsUid(path[(uid + 1)..])) && HasPlainNames(names[1..]);
    }

    private static bool IsUid(ReadOnlySpan<byte> text)
    {
        var digits = text is [(byte)'-', ..] ? text[1..] : text;
        return digits.Length is > 0 and <= 10 && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9');
    }

    private static bool HasPlainNames(ReadOnlySpan<byte> names)
    {
        foreach (var range in names.Split((byte)'/'))
        {
            var name = names[range];
            if (name.IsEmpty || name is [(byte)'.'] or [(byte)'.', (byte)'.'] || name.ContainsAnyExcept(NameBytes))
            {
                return false;
            }
        }

        return true;
    }

    private static readonly System.Buffers.SearchValues<byte> NameBytes =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.*$+:@&=,!~';()"u8);
}
