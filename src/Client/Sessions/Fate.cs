namespace Broker.Client.Sessions;

/// <summary>
/// Whether what was sent in a scope, or in the transaction, is undone. It is known once they have ended, also to objects that the session
/// does not know any more by then. The zone's turns write it; others may read it.
/// </summary>
internal sealed class Fate
{
    private volatile Fate? _outer;
    private volatile bool _undone;

    internal bool IsUndone => _undone || _outer is { IsUndone: true };

    internal void Undo() => _undone = true;

    /// <summary>The scope has ended, and shares the fate of the outer one.</summary>
    internal void PassTo(Fate outer) => _outer = outer;
}
