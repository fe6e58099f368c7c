namespace Broker.Client.Ado;

/// <summary>
/// Where the parameter of a name is among many: of its exact name first, of its name in another case else. It learns what was added
/// behind, so that adding and finding in turns is not to learn all of them each time; after any other change it is to forget. Few are
/// looked through.
/// </summary>
internal sealed class ParameterNames
{
    private const int Few = 8;

    private Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _exact;
    private Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _anyCase;
    private int _learnt;
    private long _renamings;

    /// <summary>The place of a name among all; -1 for none.</summary>
    internal int Find(List<BrokerParameter> all, ReadOnlySpan<char> name)
    {
        if (all.Count <= Few)
            return Seek(all, name);
        Learn(all);
        return _exact.TryGetValue(name, out var place) || _anyCase.TryGetValue(name, out place) ? place : -1;
    }

    /// <summary>Not only was one added behind the others.</summary>
    internal void Forget() => _learnt = 0;

    private void Learn(List<BrokerParameter> all)
    {
        // One of them may be called something else since, and does not know who has it.
        if (_learnt == 0 || _renamings != BrokerParameter.Renamings)
        {
            _renamings = BrokerParameter.Renamings;
            _exact = Empty(StringComparer.Ordinal);
            _anyCase = Empty(StringComparer.OrdinalIgnoreCase);
            _learnt = 0;
        }

        for (; _learnt < all.Count; _learnt++)
        {
            var name = all[_learnt].ToBeFound();
            _exact.TryAdd(name, _learnt);
            _anyCase.TryAdd(name, _learnt);
        }
    }

    private static Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Empty(StringComparer comparer) =>
        new Dictionary<string, int>(comparer).GetAlternateLookup<ReadOnlySpan<char>>();

    private static int Seek(List<BrokerParameter> all, ReadOnlySpan<char> name)
    {
        for (var i = 0; i < all.Count; i++)
            if (name.SequenceEqual(all[i].BareName))
                return i;
        for (var i = 0; i < all.Count; i++)
            if (name.Equals(all[i].BareName, StringComparison.OrdinalIgnoreCase))
                return i;
        return -1;
    }
}
