using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>
/// The order in which rows that are there are changed: that of their keys, which all flushes share, so that two of them do not wait for
/// each other's rows.
/// </summary>
internal static class KeyOrder
{
    /// <summary>The changes by the keys that their rows have now; the list itself when it has that order.</summary>
    internal static List<EntityChange> Of(EntityMap map, List<EntityChange> changes)
    {
        if (changes.Count < 2)
            return changes;
        EntityKey[] keys = [.. changes.Select(change => map.KeyOf(change.Original))];
        var next = 1;
        while (next < keys.Length && keys[next - 1].CompareTo(keys[next]) < 0)
            next++;
        if (next == keys.Length)
            return changes;
        EntityChange[] sorted = [.. changes];
        Array.Sort(keys, sorted);
        return [.. sorted];
    }
}
