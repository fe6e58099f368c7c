namespace Broker.Client.Sessions;

/// <summary>
/// A session for each flow of control, for code without dependency injection: the first use opens it, whatever is called or awaited from
/// there shares it, and <see cref="RemoveAsync"/> ends it. Flows that forked before the first use have sessions of their own.
/// </summary>
public sealed class AmbientSessions
{
    private readonly AsyncLocal<Slot?> _flow = new();
    private readonly SessionFactory _sessions;

    /// <summary>A registry of its own.</summary>
    public AmbientSessions(SessionFactory sessions)
    {
        ArgumentNullException.ThrowIfNull(sessions);
        _sessions = sessions;
    }

    /// <summary>
    /// Begins a scope: until it is disposed, this flow and what it calls have one session of their own, opened by its first use. Disposing
    /// ends that session; what it had not committed is rolled back.
    /// </summary>
    public IAsyncDisposable Begin()
    {
        var slot = new Slot(Living);
        _flow.Value = slot;
        return new Scope(this, slot);
    }

    /// <summary>The present flow's session; opened if there is none.</summary>
    public Session Current => (Living ?? (_flow.Value = new(null))).Open(_sessions);

    /// <summary>Whether the present flow has a session.</summary>
    public bool Exists => Living?.Session is not null;

    /// <summary>
    /// Ends the present flow's session, if it has one; what it had not committed is rolled back. The next use opens another.
    /// </summary>
    public ValueTask RemoveAsync() => Living?.RemoveAsync() ?? ValueTask.CompletedTask;

    /// <summary>
    /// The innermost scope that is not over: another flow may have ended the one that this flow is in, and nobody would end a session
    /// opened there.
    /// </summary>
    private Slot? Living
    {
        get
        {
            var slot = _flow.Value;
            while (slot is { IsOver: true })
                slot = slot.Outer;
            return slot;
        }
    }

    /// <summary>A place for one session: shared by a flow and what it calls, also when they find it at the same time.</summary>
    private sealed class Slot(Slot? outer)
    {
        private Session? _session;
        private volatile bool _over;

        internal bool IsOver => _over;

        internal Slot? Outer { get; } = outer;

        internal Session? Session => Volatile.Read(ref _session);

        internal Session Open(SessionFactory sessions)
        {
            if (Session is { } open)
                return open;
            // One that loses the race was never used, so it holds nothing.
            var opened = sessions.Open();
            return Interlocked.CompareExchange(ref _session, opened, null) ?? opened;
        }

        internal ValueTask EndAsync()
        {
            _over = true;
            return RemoveAsync();
        }

        internal ValueTask RemoveAsync() => Interlocked.Exchange(ref _session, null)?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private sealed class Scope(AmbientSessions registry, Slot slot) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            if (ReferenceEquals(registry._flow.Value, slot))
                registry._flow.Value = slot.Outer;
            return slot.EndAsync();
        }
    }
}
