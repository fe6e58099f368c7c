using Broker.Client.Protocol;

namespace Broker.Client.Sessions;

/// <summary>What a hook may do with the session that waits for it: add work. Of no use when the hook has returned.</summary>
public sealed class HookedSession
{
    private readonly HoldingZone _zone;
    private readonly SessionId _session;
    private bool _over;

    internal HookedSession(HoldingZone zone, SessionId session) => (_zone, _session) = (zone, session);

    /// <summary>The conversation's id.</summary>
    public SessionId Session => _session;

    /// <summary>
    /// Changes that are not sent: those added, marked to be deleted or put in the place of others. Changes in place are found when they are
    /// sent.
    /// </summary>
    public long Unsent => _zone.Unsent;

    /// <summary>Adds an object, as <see cref="Sessions.Session.Add{T}"/>.</summary>
    public void Add<T>(T entity) where T : class
    {
        ArgumentNullException.ThrowIfNull(entity);
        Living().Add(entity, entity.GetType());
    }

    /// <summary>Marks an object's row to be deleted, as <see cref="Sessions.Session.Delete{T}"/>.</summary>
    public void Delete<T>(T entity) where T : class
    {
        ArgumentNullException.ThrowIfNull(entity);
        Living().Delete(entity);
    }

    /// <summary>What an object is to the session.</summary>
    public ObjectState StateOf(object entity) => Living().StateOf(entity);

    internal void End() => _over = true;

    private HoldingZone Living() => _over ? throw new InvalidOperationException("the hook that was given this has returned") : _zone;
}
