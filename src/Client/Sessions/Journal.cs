using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Protocol;

namespace Broker.Client.Sessions;

/// <summary>What was sent of an object within one scope, so that it can be undone: how the object was before the first of it.</summary>
/// <param name="State">Its state.</param>
/// <param name="Known">The values that the row had; null when it had none, or they are the object's own.</param>
/// <param name="Key">The row's key.</param>
/// <param name="LeftOut">Columns that nothing was set for, so that the server gave their values.</param>
internal sealed record Before(ObjectState State, object? Known, EntityKey? Key, ColumnSet LeftOut)
{
    /// <summary>
    /// Takes what the server gave out of an object whose row was undone: a row that is inserted later gets values of its own.
    /// </summary>
    internal void ForgetGenerated(Tracked tracked)
    {
        if (tracked is not { Map: { } map, Entity: { } entity } || LeftOut.IsEmpty)
            return;
        foreach (var column in LeftOut.Of(map))
            column.Clear(entity);
    }
}

/// <summary>What one scope (the transaction, or a savepoint) has sent. Only the first touch of an object counts.</summary>
internal sealed class Journal(ScopeId? scope)
{
    private Dictionary<Tracked, Before>? _touched;
    private Fate? _fate;
    private KeyValuePair<Tracked, Before>[] _tried = [];

    /// <summary>Which savepoint; null for the transaction.</summary>
    internal ScopeId? Scope { get; } = scope;

    /// <summary>What becomes of it.</summary>
    internal Fate Fate => _fate ??= new();

    /// <summary>Whether nothing was sent in it.</summary>
    internal bool IsEmpty => _fate is null && Touched.Count == 0;

    /// <summary>What was touched in it.</summary>
    internal IReadOnlyCollection<KeyValuePair<Tracked, Before>> Touched =>
        _touched ?? (IReadOnlyCollection<KeyValuePair<Tracked, Before>>)[];

    /// <summary>What was to be sent last, and was refused.</summary>
    internal IReadOnlyCollection<KeyValuePair<Tracked, Before>> Refused => _tried;

    /// <summary>Notes how objects are, before they are sent.</summary>
    internal void Note(ImmutableArray<(Tracked Tracked, EntityChange Change)> changes)
    {
        _tried = new KeyValuePair<Tracked, Before>[changes.Length];
        for (var i = 0; i < _tried.Length; i++)
            _tried[i] = new(changes[i].Tracked, Of(changes[i].Tracked));
    }

    /// <summary>They were sent.</summary>
    internal void Sent()
    {
        _touched ??= new(_tried.Length);
        foreach (var (tracked, before) in _tried)
            if (!_touched.TryAdd(tracked, before) && before.State == ObjectState.Pending)
                // It was added anew.
                _touched[tracked] = before;
        _tried = [];
    }

    /// <summary>The scope has ended, and what was done in it is the outer one's.</summary>
    internal void PassTo(Journal outer)
    {
        foreach (var (tracked, before) in Touched)
            (outer._touched ??= []).TryAdd(tracked, before);
        _fate?.PassTo(outer.Fate);
    }

    /// <summary>The scope is rolled back.</summary>
    internal void Undo() => _fate?.Undo();

    /// <summary>The same scope, of which nothing is known any more but what becomes of it.</summary>
    internal Journal Emptied() => new(Scope) { _fate = _fate };

    private static Before Of(Tracked tracked) => tracked.State == ObjectState.Pending
        ? new(tracked.State, null, null, tracked.Map!.LeftOut(tracked.Entity!))
        : new(tracked.State, tracked.Known, tracked.Key, ColumnSet.None);
}
