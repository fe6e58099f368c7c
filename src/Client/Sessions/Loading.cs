using Broker.Client.Entities;

namespace Broker.Client.Sessions;

/// <summary>Makes objects of a zone out of rows that were read.</summary>
internal sealed class Loading
{
    private readonly HoldingZone _zone;
    private readonly IdentityMap _identities;
    private readonly Attachments _attachments;

    internal Loading(HoldingZone zone, IdentityMap identities, Attachments attachments) =>
        (_zone, _identities, _attachments) = (zone, identities, attachments);

    /// <summary>
    /// An object for a row that was read: the one that stands for it, brought up to date when it is out of date, else a new one.
    /// </summary>
    internal object Load(EntityMap map, object fresh, bool refresh)
    {
        var key = map.KeyOf(fresh);
        if (_identities.Find(map, key) is not { Entity: { } entity } tracked)
            return Attach(map, key, fresh);
        if (!tracked.Expired && !refresh)
            return entity;
        (tracked.Map, tracked.Expired) = (map, false);
        if (map.IsImmutable)
            return Renew(tracked, entity, fresh, refresh);
        var changed = refresh ? ColumnSet.None
            : tracked.Known is { } before ? map.ChangedColumns(entity, before)
            : map.Written.Except(map.Keys);
        foreach (var column in map.Columns)
            if (!changed.Contains(column.Index))
                column.Copy(fresh, entity);
        var known = map.Copy(fresh);
        map.KeepReferences(entity, tracked.Known ?? entity, known, all: refresh);
        tracked.Known = known;
        return entity;
    }

    private object Attach(EntityMap map, EntityKey key, object fresh)
    {
        var tracked = new Tracked(_zone, map.Type.Type, fresh) { Map = map, Key = key, State = ObjectState.Persistent };
        tracked.Known = map.IsImmutable ? null : map.Copy(fresh);
        _attachments.Add(fresh, tracked);
        _identities.TryAdd(tracked);
        tracked.LetGo();
        return fresh;
    }

    private object Renew(Tracked tracked, object entity, object fresh, bool refresh)
    {
        if (tracked.IsReplacement && !refresh)
            return entity;
        if (tracked.Map!.ChangedColumns(entity, fresh).IsEmpty)
            return entity;
        _attachments.Exchange(tracked, entity, fresh);
        tracked.IsReplacement = false;
        tracked.LetGo();
        return fresh;
    }
}
