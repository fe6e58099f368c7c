using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Protocol;

namespace Broker.Client.Sessions;

/// <summary>A handle's transaction and the nested scopes that it has open, each with what was sent in it.</summary>
internal sealed class OpenScopes
{
    private readonly List<Journal> _journals = [new(null)];

    /// <summary>Where what is sent now is noted.</summary>
    internal Journal Innermost => _journals[^1];

    /// <summary>All that was sent.</summary>
    internal IEnumerable<Tracked> Touched =>
        HasSent ? _journals.SelectMany(static journal => journal.Touched.Select(static touched => touched.Key)) : [];

    /// <summary>The transaction and the scopes.</summary>
    internal IReadOnlyList<Journal> Open => _journals;

    /// <summary>
    /// What was sent, to find the row that a failure means. Of an object that nobody holds any more there is its table only, so that the
    /// failure is the same, and names no row.
    /// </summary>
    internal IEnumerable<Batch> Sent => Touched.Where(static one => one.Map is not null).Distinct()
        .GroupBy(static one => (Map: one.Map!, Kind: one.State == ObjectState.Deleted ? ChangeKind.Delete : ChangeKind.Insert),
            static one => one.Entity)
        .Select(static rows => new Batch(rows.Key.Kind, rows.Key.Map, rows.Key.Map.Written, ColumnSet.None,
            [.. rows.OfType<object>().Select(entity => new EntityChange(rows.Key.Kind, rows.Key.Map, entity))]));

    private bool HasSent => _journals.Count > 1 || !_journals[0].IsEmpty;

    /// <summary>Whether this scope is open.</summary>
    internal bool Has(ScopeId scope) => _journals.Exists(journal => journal.Scope == scope);

    internal void Begin(ScopeId scope) => _journals.Add(new(scope));

    /// <summary>The innermost scope ends, and what was done in it is the outer one's.</summary>
    internal void Release()
    {
        _journals[^1].PassTo(_journals[^2]);
        _journals.RemoveAt(_journals.Count - 1);
    }

    /// <summary>A scope ends, and those inside it. What is to be undone, the last first.</summary>
    internal IReadOnlyList<Journal> Rollback(ScopeId scope)
    {
        var from = _journals.FindIndex(journal => journal.Scope == scope);
        var undone = _journals.GetRange(from, _journals.Count - from);
        undone.Reverse();
        undone.ForEach(static journal => journal.Undo());
        _journals.RemoveRange(from, _journals.Count - from);
        return undone;
    }

    /// <summary>The transaction ends. What is to be undone, the last first.</summary>
    internal IReadOnlyList<Journal> Rollback()
    {
        if (!HasSent)
            return [];
        Journal[] undone = [.. Enumerable.Reverse(_journals)];
        _journals.ForEach(static journal => journal.Undo());
        _journals.Clear();
        _journals.Add(new(null));
        return undone;
    }

    /// <summary>The transaction ends, and what was sent in it stands.</summary>
    internal Journal Commit()
    {
        while (_journals.Count > 1)
            Release();
        var whole = _journals[0];
        if (!whole.IsEmpty)
            _journals[0] = new(null);
        return whole;
    }

    /// <summary>Nothing of what was sent is known any more; the scopes stay open.</summary>
    internal void Forget()
    {
        if (!HasSent)
            return;
        for (var i = 0; i < _journals.Count; i++)
            _journals[i] = _journals[i].Emptied();
    }
}
