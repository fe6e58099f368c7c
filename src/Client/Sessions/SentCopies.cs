using System.Collections.Immutable;
using Broker.Client.Flushing;

namespace Broker.Client.Sessions;

/// <summary>
/// The objects of a flush as they were when it was made. Their users may change them while it is under way: what they are when it has ended
/// is not what was sent. Of objects that cannot be changed there is none.
/// </summary>
internal sealed class SentCopies
{
    private readonly object?[] _copies;

    private SentCopies(object?[] copies) => _copies = copies;

    /// <summary>Copies, to be made ahead of the statements: a change in between is sent once more, and not lost.</summary>
    internal static SentCopies Of(ImmutableArray<(Tracked Tracked, EntityChange Change)> changes)
    {
        var copies = new object?[changes.Length];
        for (var i = 0; i < copies.Length; i++)
            if (changes[i].Change is { Kind: not ChangeKind.Delete, Map.IsImmutable: false } change)
                copies[i] = change.Map.Copy(change.Entity);
        return new(copies);
    }

    /// <summary>
    /// What is known of the row of a change that was sent: its copy, with what the flush and the server gave to the object. Null when there
    /// is no copy.
    /// </summary>
    internal object? Settled(int index, EntityChange change)
    {
        if (_copies[index] is not { } copy)
            return null;
        var map = change.Map;
        var given = map.Computed;
        if (change.Kind == ChangeKind.Insert)
            given = given.Or(map.LeftOut(copy));
        if (map.Version is { } version)
            given = given.With(version.Column.Index);
        foreach (var reference in map.References)
            if (reference.Of(copy) is not null)
                given = given.Or(reference.Columns);
        foreach (var column in given.Of(map))
            column.Copy(change.Entity, copy);
        return copy;
    }
}
