using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Sessions;

/// <summary>
/// What a holding zone knows of one object. It outlives the object's membership, so that an object that left can be told from one that
/// never was there. Changed in its zone's turns only.
/// </summary>
internal sealed class Tracked
{
    private object? _held;
    private WeakReference<object>? _seen;
    private HoldingZone? _zone;
    private Fate? _inserted;
    private Fate? _written;
    private bool _deleted;

    internal Tracked(HoldingZone zone, Type type, object entity) => (_zone, Type, _held, Tables) = (zone, type, entity, zone.Tables);

    /// <summary>The object's type.</summary>
    internal Type Type { get; }

    /// <summary>The zone that it belongs to; null when it is detached or transient.</summary>
    internal HoldingZone? Zone => Volatile.Read(ref _zone);

    /// <summary>Among which tables its row is, or was: those of one database as one user and search path see them.</summary>
    internal SessionEntities Tables { get; private set; }

    /// <summary>How the type is mapped; null until the first flush of a pending object.</summary>
    internal EntityMap? Map { get; set; }

    /// <summary>The key of its row; null when it has none yet.</summary>
    internal EntityKey? Key { get; set; }

    /// <summary>What it is to its zone.</summary>
    internal ObjectState State { get; set; } = ObjectState.Pending;

    /// <summary>
    /// The values that the row is known to have: a copy of the object. Null for an object that cannot be changed and is not.
    /// </summary>
    internal object? Known { get; set; }

    /// <summary>Whether what is known of the row is out of date.</summary>
    internal bool Expired { get; set; }

    /// <summary>Whether the next flush deletes its row.</summary>
    internal bool IsToBeDeleted { get; set; }

    /// <summary>Whether it stands in the line of those to be inserted.</summary>
    internal bool Waits { get; set; }

    /// <summary>Whether it was put in the place of another that stood for the row: every column may differ then.</summary>
    internal bool IsReplacement { get; set; }

    /// <summary>
    /// Whether it left its zone, and its row is there as far as is known: neither deleted nor undone with the transaction that inserted it.
    /// </summary>
    internal bool HasRow =>
        State == ObjectState.Detached
            && Key is not null
            && _inserted is not { IsUndone: true }
            && (!_deleted || _written is { IsUndone: true });

    /// <summary>The object; null when it was clean and nobody holds it any more.</summary>
    internal object? Entity => _held ?? (_seen is { } seen && seen.TryGetTarget(out var entity) ? entity : null);

    /// <summary>The update that makes its row what the object is; null when they are the same as far as is known.</summary>
    internal EntityChange? Change
    {
        get
        {
            if (Map is not { } map || Entity is not { } entity)
                return null;
            if (Known is not { } known)
                // Nothing is known of its row, so all of it is sent.
                return IsReplacement ? new(ChangeKind.Update, map, entity) { Changed = map.Written.Except(map.Keys) } : null;
            var changed = map.ChangedColumns(entity, known);
            return changed.IsEmpty ? null : new(ChangeKind.Update, map, entity) { Snapshot = known, Changed = changed };
        }
    }

    /// <summary>Its table is not as it was when it was read.</summary>
    /// <exception cref="BrokerException">What is known of its row says nothing to the table of now: <c>EntityRefused</c>.</exception>
    internal void Remap(EntityMap present)
    {
        if (Key is { } key && Map is { } former && !ReferenceEquals(former, present) && !present.CanFollow(former))
            throw new BrokerException(new EntityRefused(present.Name, null,
                "its table has changed since it was read: expunge it and load it again") { Key = key.ToString() });
        Map = present;
    }

    /// <summary>Keeps the object, whoever else does.</summary>
    internal void Hold(object entity) => (_held, _seen) = (entity, null);

    /// <summary>
    /// Lets the object go when nobody else holds it. Only one that cannot be changed: changes to another are found by comparing, and would
    /// be lost with it.
    /// </summary>
    internal void LetGo()
    {
        if (!IsToBeDeleted && !IsReplacement && Map is { IsImmutable: true } && _held is { } entity)
            (_held, _seen) = (null, new(entity));
    }

    /// <summary>A change of its row was sent.</summary>
    internal void NoteSent(ChangeKind kind, Fate fate)
    {
        _inserted = kind == ChangeKind.Insert ? fate : _inserted;
        (_written, _deleted) = (fate, kind == ChangeKind.Delete);
    }

    /// <summary>What was sent is undone, and what is known of the row is what it was before.</summary>
    internal void NoteUndone() => (_written, _deleted) = (null, false);

    /// <summary>The row is not there any more.</summary>
    internal void NoteVanished() => (_written, _deleted) = (null, true);

    /// <summary>
    /// It stands for its row again. Where what was known of the row is undone, all of it is to be sent, and true is answered.
    /// </summary>
    internal bool Return()
    {
        State = ObjectState.Persistent;
        if (_written is not { IsUndone: true })
            return false;
        NoteUndone();
        (Known, IsReplacement) = (null, true);
        return true;
    }

    /// <summary>It leaves its zone.</summary>
    internal void Leave(ObjectState state)
    {
        State = state;
        (Expired, IsToBeDeleted, IsReplacement, Waits) = (false, false, false, false);
        // The table that finds this by its object must not keep the object, but does no harm; the zone would be kept by it.
        Volatile.Write(ref _zone, null);
    }

    /// <summary>It leaves a zone, unless it is in another.</summary>
    internal void Leave(HoldingZone zone, ObjectState state)
    {
        if (Zone == zone)
            Leave(state);
    }

    /// <summary>It becomes a member of a zone. False when it is one of another's.</summary>
    internal bool TryJoin(HoldingZone zone) => Interlocked.CompareExchange(ref _zone, zone, null) is null;

    /// <summary>It is to be a new row, whatever it stood for before.</summary>
    internal void BecomePending(SessionEntities tables)
    {
        (Tables, State, Map, Key, Known, _inserted) = (tables, ObjectState.Pending, null, null, null, null);
        NoteUndone();
    }
}
