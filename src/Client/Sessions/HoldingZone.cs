using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Parameters;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Sessions;

/// <summary>
/// What one handle holds of its conversation: objects that stand for rows, those that wait to be sent, and how to undo what was sent. It
/// knows no message and no server. Used by one turn at a time.
/// </summary>
internal sealed class HoldingZone
{
    private readonly Attachments _attachments;
    private readonly IdentityMap _identities = new();
    private readonly List<Tracked> _pending = [];
    private readonly HashSet<Tracked> _marked = [];
    private readonly Loading _loading;
    private readonly Undoing _undoing;

    internal HoldingZone(SessionEntities tables)
    {
        (Tables, _attachments) = (tables, tables.Attachments);
        (_loading, _undoing) = (new(this, _identities, _attachments), new(this, _identities, _attachments));
    }

    /// <summary>The tables that its objects are of.</summary>
    internal SessionEntities Tables { get; }

    /// <summary>The scopes that are open, and what was sent in each.</summary>
    internal OpenScopes Scopes { get; } = new();

    internal ObjectState StateOf(object entity) => _attachments.Find(entity) switch
    {
        null => ObjectState.Transient,
        { Zone: { } zone } tracked when zone == this => tracked.State,
        { Zone: not null } => ObjectState.Transient,
        var left => left.State,
    };

    /// <summary>What is known of an object of this zone; null when it is none of its.</summary>
    internal Tracked? Find(object entity) => _attachments.Find(entity) is { } tracked && tracked.Zone == this ? tracked : null;

    /// <summary>The object that stands for a row, when it is known and not out of date.</summary>
    internal Tracked? Find(EntityMap map, EntityKey key) => _identities.Find(map, key);

    internal void Add(object entity, Type type)
    {
        var tracked = _attachments.Find(entity) ?? _attachments.Add(entity, new Tracked(this, type, entity));
        if (tracked.Zone != this)
        {
            if (!tracked.TryJoin(this))
                throw Refuse(type, "it belongs to another session; expunge it there first");
            tracked.Hold(entity);
            if (tracked.HasRow && tracked.Tables == Tables)
                Attach(tracked);
            else
                tracked.BecomePending(Tables);
        }

        switch (tracked.State)
        {
            case ObjectState.Pending: Wait(tracked); break;
            case ObjectState.Persistent when tracked.IsToBeDeleted: Unmark(tracked); break;
            case ObjectState.Deleted: throw Refuse(type, "its row was deleted in this transaction; add a copy of it");
        }
    }

    internal void AddRange<T>(IEnumerable<T> entities) where T : class
    {
        foreach (var entity in entities)
            if (new Tracked(this, entity.GetType(), entity) is var fresh && ReferenceEquals(_attachments.Add(entity, fresh), fresh))
                Wait(fresh);
            else
                Add(entity, entity.GetType());
    }

    internal void Delete(object entity)
    {
        switch (Find(entity))
        {
            case { State: ObjectState.Pending } pending: Forget(pending, ObjectState.Transient); break;
            case { State: ObjectState.Persistent } persistent:
                persistent.Hold(entity);
                persistent.IsToBeDeleted = true;
                _marked.Add(persistent);
                break;
            case { State: ObjectState.Deleted }: break;
            default: throw Refuse(entity.GetType(), "it stands for no row that this session knows; load it, or use BulkDeleteAsync");
        }
    }

    /// <summary>
    /// Puts a changed object in the place of the one that stands for its row, or that waits to be inserted as that; or makes it stand for a
    /// row that was not loaded.
    /// </summary>
    internal void Update(object changed, EntityMap map)
    {
        if (Find(changed) is { } itself)
        {
            // One that is changed in place is compared when it is sent.
            Unmark(itself);
            return;
        }

        if (_attachments.Find(changed) is { Zone: not null })
            throw Refuse(map.Type.Type, "it belongs to another session; expunge it there first");
        var key = map.KeyOf(changed);
        if (_identities.Find(map, key) is { } row)
        {
            Replace(row, changed);
            return;
        }

        if (PendingAs(changed, map) is { } pending)
        {
            _attachments.Exchange(pending, pending.Entity!, changed);
            return;
        }

        var tracked = new Tracked(this, map.Type.Type,
            changed) { Map = map, Key = key, State = ObjectState.Persistent, IsReplacement = true };
        _attachments.Remove(changed);
        _attachments.Add(changed, tracked);
        _identities.TryAdd(tracked);
        _marked.Add(tracked);
    }

    internal void Expunge(object entity)
    {
        var tracked = Find(entity) ?? throw Refuse(entity.GetType(), "it is no object of this session");
        Forget(tracked, tracked.State == ObjectState.Pending ? ObjectState.Transient : ObjectState.Detached);
    }

    internal void ExpungeAll()
    {
        foreach (var tracked in _pending)
            tracked.Leave(ObjectState.Transient);
        foreach (var tracked in _identities.All)
            tracked.Leave(this, ObjectState.Detached);
        foreach (var tracked in Scopes.Touched)
            tracked.Leave(this, ObjectState.Detached);
        _pending.Clear();
        _marked.Clear();
        _identities.Clear();
        Scopes.Forget();
    }

    /// <summary>The transaction ends without its commit, and nothing of it is known any more.</summary>
    /// <param name="withdraw">Whether what was added loses what the server gave to it.</param>
    internal void Abandon(bool withdraw)
    {
        if (withdraw)
            _undoing.Withdraw(Scopes.Open);
        ExpungeAll();
        Scopes.Rollback();
    }

    internal void Expire(object entity) =>
        (Find(entity) ?? throw Refuse(entity.GetType(), "it is no object of this session")).Expired = true;

    /// <summary>What is known of the rows of these tables is out of date; `*` stands for all.</summary>
    internal void ExpireTables(ImmutableArray<string> tables)
    {
        foreach (var tracked in _identities.All)
            if (tables.Contains("*") || tables.Contains(tracked.Map!.Table.FullName))
                tracked.Expired = true;
    }

    /// <summary>
    /// All that is to be sent, in the order of adding; with each what it is about. Types of pending objects must be mapped by now. Objects
    /// that can be changed in place are compared with what is known of their rows.
    /// </summary>
    internal ImmutableArray<(Tracked Tracked, EntityChange Change)> Collect(Func<Type, EntityMap?> map)
    {
        var changes = ImmutableArray.CreateBuilder<(Tracked, EntityChange)>(_pending.Count + _marked.Count);
        foreach (var pending in _pending)
        {
            pending.Map ??= map(pending.Type)!;
            changes.Add((pending, EntityChange.Insert(pending.Map, pending.Entity!)));
        }

        foreach (var tracked in _marked.ToArray())
            if (tracked.IsToBeDeleted)
                changes.Add((tracked, EntityChange.Delete(tracked.Map!, tracked.Entity!, tracked.Known)));
            else if (tracked.Change is null)
                Settle(tracked);
        foreach (var tracked in _identities.All)
            if (!tracked.IsToBeDeleted && tracked.Change is { } change)
                changes.Add((tracked, change));
        return changes.DrainToImmutable();
    }

    /// <summary>Types of pending objects that are not mapped yet.</summary>
    internal Type[] Unmapped(Func<Type, EntityMap?> map)
    {
        foreach (var pending in _pending)
            if (pending.Map is null && map(pending.Type) is null)
                return [.. _pending.Where(static one => one.Map is null).Select(static one => one.Type).Distinct()];
        return [];
    }

    /// <summary>How many changes are not sent, those that are found only by comparing left out.</summary>
    internal long Unsent => _pending.Count + _marked.Count;

    /// <summary>An object was changed in place by the session itself: that counts as not sent without being looked for.</summary>
    internal void NoteChanged(object entity)
    {
        if (Find(entity) is { Change: not null } tracked)
            _marked.Add(tracked);
    }

    /// <summary>Notes how things are before these changes are sent and generated values arrive.</summary>
    internal void NoteBefore(ImmutableArray<(Tracked Tracked, EntityChange Change)> changes) => Scopes.Innermost.Note(changes);

    /// <summary>The changes were sent, and generated values are in their objects.</summary>
    /// <param name="changes">What was sent.</param>
    /// <param name="copies">Their objects as they were sent: they may have been changed since.</param>
    /// <param name="outcome">What came of it.</param>
    internal void Sent(ImmutableArray<(Tracked Tracked, EntityChange Change)> changes, SentCopies copies, FlushOutcome outcome)
    {
        Scopes.Innermost.Sent();
        var fate = Scopes.Innermost.Fate;
        foreach (var (tracked, change) in changes)
        {
            _identities.Remove(tracked);
            tracked.NoteSent(change.Kind, fate);
            if (change.Kind == ChangeKind.Delete)
                (tracked.State, tracked.IsToBeDeleted) = (ObjectState.Deleted, false);
        }

        // What the server gave to these is not known, perhaps not even their keys.
        foreach (var lost in outcome.Unread)
            if (Find(lost.Entity) is { } tracked)
                Forget(tracked, ObjectState.Detached);

        for (var i = 0; i < changes.Length; i++)
        {
            var (tracked, change) = changes[i];
            if (change.Kind == ChangeKind.Delete || tracked.Zone != this)
                continue;
            tracked.Known = copies.Settled(i, change);
            tracked.Key = tracked.Map!.KeyOf(tracked.Known ?? tracked.Entity!);
            (tracked.State, tracked.IsReplacement, tracked.Waits) = (ObjectState.Persistent, false, false);
            // Somebody else deleted the row that another object stood for, or there would not be a new one of its key.
            if (!_identities.TryAdd(tracked) && _identities.Find(tracked.Map, tracked.Key) is { } former)
            {
                Forget(former, ObjectState.Detached);
                _identities.TryAdd(tracked);
            }

            tracked.LetGo();
        }

        _pending.Clear();
        _marked.Clear();
    }

    /// <inheritdoc cref="Loading.Load"/>
    internal object Load(EntityMap map, object fresh, bool refresh) => _loading.Load(map, fresh, refresh);

    /// <summary>Undoes what was sent in a scope and those inside it, and what was to be sent: that was asked for in it too.</summary>
    internal void RollbackScope(ScopeId scope)
    {
        DropUnsent();
        foreach (var undone in Scopes.Rollback(scope))
            _undoing.Undo(undone);
    }

    /// <summary>The transaction is committed.</summary>
    internal void Committed(bool expire)
    {
        foreach (var (tracked, _) in Scopes.Commit().Touched)
            if (tracked is { State: ObjectState.Deleted } && tracked.Zone == this)
                tracked.Leave(ObjectState.Detached);
        if (expire)
            foreach (var tracked in _identities.All)
                tracked.Expired = true;
    }

    /// <summary>The transaction is rolled back.</summary>
    /// <param name="keepUnsent">Whether objects of which nothing was sent are left as they are, since somebody else rolled back.</param>
    internal void RolledBack(bool keepUnsent)
    {
        // What was sent is to be as if it had not been, so what was done to it later goes too, whoever rolled back.
        if (keepUnsent)
            DropChanges([.. Scopes.Touched.Where(tracked => tracked.Zone == this && tracked.State == ObjectState.Persistent)]);
        else
            DropUnsent();
        foreach (var undone in Scopes.Rollback())
            _undoing.Undo(undone);
        foreach (var tracked in _identities.All)
            tracked.Expired = true;
    }

    /// <summary>What was put in the place of another is the same as that.</summary>
    private void Settle(Tracked tracked)
    {
        _marked.Remove(tracked);
        tracked.IsReplacement = false;
        if (tracked.Map!.IsImmutable)
            tracked.Known = null;
        tracked.LetGo();
    }

    private void Wait(Tracked tracked)
    {
        if (!tracked.Waits)
            _pending.Add(tracked);
        tracked.Waits = true;
    }

    private void Attach(Tracked tracked)
    {
        if (!_identities.TryAdd(tracked))
        {
            tracked.Leave(ObjectState.Detached);
            throw Refuse(tracked.Type, $"another object of this session stands for the row {tracked.Key}");
        }

        if (tracked.Return())
            _marked.Add(tracked);
    }

    /// <summary>The one that waits to be inserted with the key that an object has; null when none does.</summary>
    private Tracked? PendingAs(object changed, EntityMap map)
    {
        var isUnset = map.IsKeyUnset(changed);
        foreach (var pending in _pending)
            if (pending.Type == map.Type.Type && map.Key.All(column => column.Same(pending.Entity!, changed)))
                return isUnset
                    ? throw Refuse(map.Type.Type,
                        "the server gives its key when it is flushed, so which of the added objects it replaces is not known; flush before")
                    : pending;
        return null;
    }

    private void Replace(Tracked row, object changed)
    {
        var entity = row.Entity!;
        row.Known ??= entity;
        _attachments.Exchange(row, entity, changed);
        row.IsReplacement = true;
        _marked.Add(row);
        row.IsToBeDeleted = false;
    }

    private void Unmark(Tracked tracked)
    {
        tracked.IsToBeDeleted = false;
        if (!tracked.IsReplacement)
            _marked.Remove(tracked);
    }

    /// <summary>An object leaves.</summary>
    internal void Forget(Tracked tracked, ObjectState state)
    {
        if (tracked.Waits)
            _pending.Remove(tracked);
        _marked.Remove(tracked);
        _identities.Remove(tracked);
        var entity = tracked.Entity;
        tracked.Leave(state);
        if (state == ObjectState.Transient && entity is not null)
            _attachments.Remove(entity);
    }

    private void DropUnsent()
    {
        var dropped = _pending.ToArray();
        _pending.Clear();
        foreach (var pending in dropped)
        {
            pending.Waits = false;
            Forget(pending, ObjectState.Transient);
        }

        foreach (var tracked in _marked.Where(static one => one.Known is null && one.IsReplacement).ToArray())
            Forget(tracked, ObjectState.Detached);
        DropChanges([.. _identities.All]);
        _marked.Clear();
    }

    private void DropChanges(Tracked[] all)
    {
        foreach (var tracked in all)
        {
            _marked.Remove(tracked);
            tracked.IsToBeDeleted = false;
            // What is as it was known is left alone, up to date.
            if (tracked is { Known: { } known, Entity: { } entity, Map: { } map }
                && (tracked.IsReplacement || !map.ChangedColumns(entity, known).IsEmpty))
                _undoing.PutBack(tracked, entity, known);
        }
    }

    private static BrokerException Refuse(Type type, string why) => new(new EntityRefused(ParameterTypes.NameOf(type), null, why));
}
