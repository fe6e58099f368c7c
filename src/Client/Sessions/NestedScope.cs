using Broker.Client.Protocol;

namespace Broker.Client.Sessions;

/// <summary>
/// A nested scope of a session: a savepoint. What was done in it can be undone without the rest. It belongs to the handle that opened it;
/// writes of other handles wait until it ends. Disposing one that was not committed rolls it back; where the broker cannot be asked for
/// that, the session leaves its conversation, and whatever is asked of it then is refused (<c>ConversationGone</c>).
/// </summary>
public sealed class NestedScope : IAsyncDisposable
{
    private readonly Session _session;
    private readonly ScopeId _scope;
    private bool _over;

    internal NestedScope(Session session, ScopeId scope) => (_session, _scope) = (session, scope);

    /// <summary>Sends pending work and keeps what was done in the scope; it is part of the outer one then.</summary>
    public async ValueTask CommitAsync(CancellationToken cancellation = default)
    {
        await _session.ReleaseAsync(_scope, cancellation).ConfigureAwait(false);
        _over = true;
    }

    /// <summary>Undoes what was done in the scope, also after a failure in it; objects that it did not touch are left alone.</summary>
    public async ValueTask RollbackAsync(CancellationToken cancellation = default)
    {
        await _session.RollbackAsync(_scope, cancellation).ConfigureAwait(false);
        _over = true;
    }

    /// <summary>Rolls back what was not committed.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_over)
            return;
        _over = true;
        await _session.EndAsync(_scope).ConfigureAwait(false);
    }
}
