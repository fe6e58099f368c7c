namespace Broker.Client.Ado;

/// <summary>
/// The one place where a thread waits. ADO.NET has synchronous members, and callers that know no others (Dapper reads what is not
/// buffered by them); whoever calls one gives up a thread of its own until the answer is there. No continuation wants to return to that
/// thread, so it cannot wait for itself. But when it is one of the thread pool's, whatever brings the answer runs on the others, at
/// either door: sockets and actors. A pool in which many wait makes one or two threads in a second, and the callers that come next have
/// them first: so the number up to which it makes them at once does not count those that wait here.
/// </summary>
internal static class Waiting
{
    private static readonly int MadeAtOnce = Minimum().Workers;
    private static int _waiting;

#pragma warning disable RS0030, VSTHRD002 // see above
    /// <summary>Waits for a result.</summary>
    internal static T For<T>(ValueTask<T> result)
    {
        var task = result.AsTask();
        For(task);
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Waits for an end.</summary>
    internal static void For(ValueTask end) => For(end.AsTask());

    private static void For(Task end)
    {
        var ofThePool = !end.IsCompleted && Thread.CurrentThread.IsThreadPoolThread;
        if (ofThePool)
            Leave();
        try
        {
            end.GetAwaiter().GetResult();
        }
        finally
        {
            if (ofThePool)
                Interlocked.Decrement(ref _waiting);
        }
    }
#pragma warning restore RS0030, VSTHRD002

    /// <summary>The number is never lowered again: going up and down with each call would cost each of them the pool's lock.</summary>
    private static void Leave()
    {
        Interlocked.Increment(ref _waiting);
        // again, when another has set it meanwhile to less
        for (var (workers, completions) = Minimum(); workers < MadeAtOnce + Volatile.Read(ref _waiting); (workers, completions) = Minimum())
        {
            if (!ThreadPool.SetMinThreads(MadeAtOnce + Volatile.Read(ref _waiting), completions))
                return;
        }
    }

    private static (int Workers, int Completions) Minimum()
    {
        ThreadPool.GetMinThreads(out var workers, out var completions);
        return (workers, completions);
    }
}
