namespace Broker.Client.Sessions;

/// <summary>
/// The turns of one handle: whatever its callers ask of it happens one piece at a time, in the order in which they asked. It is a mailbox
/// without an actor, so that what needs no server costs no message: each turn knows the one that follows it, and hands over when it ends.
/// Nobody waits for a thread.
/// </summary>
internal sealed class Turns
{
    private Turn? _last;

    /// <summary>Begins a turn now, or when those before it are over. Dispose it to end it.</summary>
    /// <param name="cancellation">Ends the wait; those behind it go on.</param>
    internal ValueTask<Turn> NextAsync(CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
            return ValueTask.FromCanceled<Turn>(cancellation);
        var turn = new Turn();
        var before = Interlocked.Exchange(ref _last, turn);
        return before is null || before.IsOver ? new(turn) : before.ThenAsync(turn, cancellation);
    }

    /// <summary>
    /// Does a piece of work that waits for nothing. When it is done before this returns, what it throws is thrown here; else it is told to
    /// <paramref name="failed"/>.
    /// </summary>
    internal void Do<T>(T state, Action<T> work, Action<T, Exception> failed)
    {
        var turn = new Turn();
        var before = Interlocked.Exchange(ref _last, turn);
        if (before is null || before.IsOver)
        {
            using (turn)
                work(state);
            return;
        }

        DoAfter(before, turn, state, work, failed);
    }

    private static void DoAfter<T>(Turn before, Turn turn, T state, Action<T> work, Action<T, Exception> failed) =>
        before.Then(() =>
        {
            using (turn)
            {
                try
                {
                    work(state);
                }
                catch (Exception exception)
                {
                    // Nobody is above this on the thread's stack, so what is not caught here would end the process.
                    failed(state, exception);
                }
            }
        });
}

/// <summary>One turn. It ends when it is disposed, from any thread; only the first time counts.</summary>
internal sealed class Turn : IDisposable
{
    private static readonly Action Over = static () => { };

    private Action? _next;

    internal bool IsOver => ReferenceEquals(Volatile.Read(ref _next), Over);

    /// <summary>
    /// What follows this turn: there is only one. It begins on a thread of the pool, because a long line of followers would else be a deep
    /// stack.
    /// </summary>
    internal void Then(Action next)
    {
        if (Interlocked.CompareExchange(ref _next, next, null) is not null)
            Start(next);
    }

    /// <summary>The following turn, once this one is over. One whose caller was cancelled ends when it would have begun.</summary>
    internal ValueTask<Turn> ThenAsync(Turn following, CancellationToken cancellation)
    {
        var begun = new TaskCompletionSource<Turn>();
        var cancelling = cancellation.UnsafeRegister(static (begun, token) => ((TaskCompletionSource<Turn>)begun!).TrySetCanceled(token),
            begun);
        Then(() =>
        {
            cancelling.Unregister();
            if (!begun.TrySetResult(following))
                following.Dispose();
        });
        return new(begun.Task);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _next, Over) is { } next && !ReferenceEquals(next, Over))
            Start(next);
    }

    private static void Start(Action next) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), next, preferLocal: true);
}
