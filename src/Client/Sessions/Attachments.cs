using System.Runtime.CompilerServices;

namespace Broker.Client.Sessions;

/// <summary>Which object is tracked by which session of a client: one object belongs to one at a time. It keeps no object alive.</summary>
internal sealed class Attachments
{
    private readonly ConditionalWeakTable<object, Tracked> _all = [];

    /// <summary>What is known of an object; null when no session ever knew it.</summary>
    internal Tracked? Find(object entity) => _all.TryGetValue(entity, out var tracked) ? tracked : null;

    /// <summary>Notes an object that no session knew. The one that is there when another was faster.</summary>
    internal Tracked Add(object entity, Tracked tracked) => _all.TryAdd(entity, tracked) ? tracked : _all.GetValue(entity, _ => tracked);

    /// <summary>One object stands in the place of another, and is kept.</summary>
    internal void Exchange(Tracked tracked, object former, object present)
    {
        _all.Remove(former);
        _all.Remove(present);
        _all.Add(present, tracked);
        tracked.Hold(present);
    }

    /// <summary>The object stands for nothing any more.</summary>
    internal void Remove(object entity) => _all.Remove(entity);
}
