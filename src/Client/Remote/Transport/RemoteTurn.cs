using System.Diagnostics.CodeAnalysis;
using Akka.Dispatch;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// A turn that a thread takes at the actors of a remote client's way: those of Akka.Remote, both ends of the link, a pool and its
/// connections. Whatever becomes due within it is done by the same thread, one after the other: what a socket read goes through the actors,
/// and what they write goes to the socket, without another thread being woken. Mailboxes never run within each other: one that becomes due
/// while another runs waits until that is done.
/// </summary>
internal sealed class RemoteTurn : IThreadPoolWorkItem
{
    /// <summary>How much one thread does in a row, before it leaves what is still due to another: it may have work of its own.</summary>
    private const int Most = 128;

    /// <summary>The same for a thread that has nothing to do with it but that it was the first to ask.</summary>
    private const int MostBorrowed = 8;

    [ThreadStatic]
    private static RemoteTurn? Current;

    private readonly Queue<IRunnable> _due = [];
    private IRunnable? _last;
    private LoneAnswer? _answer;

    /// <summary>Does it within the turn that this thread takes, or has another thread take one.</summary>
    public static void Do(IRunnable work)
    {
        if (Current is { } turn)
        {
            turn._due.Enqueue(work);
            return;
        }

        turn = new();
        turn._due.Enqueue(work);
        ThreadPool.UnsafeQueueUserWorkItem(turn, preferLocal: false);
    }

    /// <summary>
    /// Does it within the turn that this thread takes, behind all else that is due, when nothing else is to be done so; if not, has another
    /// thread take a turn. For work that other threads may do as well at the same time.
    /// </summary>
    public static void DoLast(IRunnable work)
    {
        if (Current is { _last: null } turn)
        {
            turn._last = work;
            return;
        }

        turn = new() { _last = work };
        ThreadPool.UnsafeQueueUserWorkItem(turn, preferLocal: false);
    }

    /// <summary>Whether it will be done later in this thread's turn; false where it takes none.</summary>
    public static bool TryDoLater(IRunnable work)
    {
        Current?._due.Enqueue(work);
        return Current is not null;
    }

    /// <summary>Takes a turn that begins with this.</summary>
    /// <param name="first">What it begins with.</param>
    /// <param name="with">What that is done with.</param>
    /// <param name="answer">Gets an answer that comes alone, when that is told behind the turn.</param>
    public static void Begin<TWith>(Action<TWith> first, TWith with, LoneAnswer? answer = null) => Begin(first, with, Most, answer);

    /// <summary>
    /// The same on the thread of a caller. A thread whose work is to be done in a context of its own is not borrowed: what awaits in the
    /// turn would go on there. What begins in it is not the caller's, and keeps nothing of his: a connection that is made would have his
    /// <see cref="AsyncLocal{T}"/> values for as long as it lasts.
    /// </summary>
    public static void Borrow<TWith>(Action<TWith> first, TWith with)
    {
        if (Current is not null || SynchronizationContext.Current is not null || TaskScheduler.Current != TaskScheduler.Default)
        {
            first(with);
        }
        else if (ExecutionContext.IsFlowSuppressed())
        {
            Begin(first, with, MostBorrowed, null);
        }
        else
        {
            using (ExecutionContext.SuppressFlow())
            {
                Begin(first, with, MostBorrowed, null);
            }
        }
    }

    /// <summary>
    /// Whether a caller is told its answer on this thread, behind its turn. If not, the one who asks tells it, and has it go on elsewhere.
    /// </summary>
    public static bool TryTellBehind(IAnswered caller, object answer) => Current?._answer?.TryKeep(caller, answer) ?? false;

    /// <summary>Called by the thread pool.</summary>
    public void Execute()
    {
        Current = this;
        Finish(Most);
    }

    private static void Begin<TWith>(Action<TWith> first, TWith with, int most, LoneAnswer? answer)
    {
        if (Current is not null)
        {
            first(with);
            return;
        }

        var turn = new RemoteTurn { _answer = answer };
        Current = turn;
        try
        {
            first(with);
        }
        finally
        {
            turn.Finish(most);
        }
    }

    private void Finish(int most)
    {
        try
        {
            for (var done = 0; done < most && TryNext(out var work); done++)
            {
                work.Run();
            }
        }
        finally
        {
            Current = null;
            _answer = null;
            Leave();
        }
    }

    /// <summary>
    /// Leaves what is still due to another thread, and what is to be done last to one of its own: where more becomes due all the time, as
    /// at an actor that others keep busy, it would never be done.
    /// </summary>
    private void Leave()
    {
        var last = _last;
        if (_due.Count > 0)
        {
            _last = null;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        if (last is not null)
        {
            ThreadPool.UnsafeQueueUserWorkItem(new RemoteTurn { _last = last }, preferLocal: false);
        }
    }

    private bool TryNext([MaybeNullWhen(false)] out IRunnable work)
    {
        if (!_due.TryDequeue(out work))
        {
            (work, _last) = (_last, null);
        }

        return work is not null;
    }
}
