using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Broker.Client.Sessions;

namespace Broker.Client.Executing;

/// <summary>
/// Runs units of work in the background, each in a session of its own: a bounded number at a time, the others wait in line. A function that
/// returns is committed; one that throws is rolled back. Each runs with its caller's activity, log context and culture, on any thread.
/// After a serialization failure or a deadlock the whole function is run again on fresh state, so it should touch nothing else that cannot
/// be repeated; after an unknown outcome it never is, nor when it has committed something by itself. Work may wait for other work of the
/// same executor: of what one has begun, one runs at a time, beside the bound.
/// </summary>
public sealed class SessionExecutor
{
    private readonly SessionFactory _sessions;
    private readonly ExecutorOptions _options;
    private readonly Channel<bool> _permits;

    /// <summary>Within work: the permits of what it begins itself. It may wait for that while it holds the last one of all.</summary>
    private readonly AsyncLocal<Channel<bool>?> _within = new();

    /// <summary>An executor of its own bound.</summary>
    /// <param name="sessions">Makes the sessions.</param>
    /// <param name="options">How many run at a time, and how often one is run again.</param>
    public SessionExecutor(SessionFactory sessions, ExecutorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(sessions);
        (_sessions, _options) = (sessions, options ?? ExecutorOptions.Default);
        _permits = Permits(_options.Concurrency);
    }

    /// <summary>Runs a unit of work in the background; the task ends when it is committed, or with what it threw.</summary>
    /// <param name="work">The work. It may commit by itself on the way; what it leaves is committed behind it.</param>
    /// <param name="cancellation">
    /// Stops it before it begins, between its attempts, and before its commit; not a COMMIT that was sent.
    /// </param>
    public Task<T> RunAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return Task.Run(() => RunWhenPermittedAsync(work, cancellation), CancellationToken.None);
    }

    /// <inheritdoc cref="RunAsync{T}(Func{Session, Task{T}}, CancellationToken)"/>
    public Task RunAsync(Func<Session, Task> work, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return RunAsync(
            async session =>
            {
                await work(session).ConfigureAwait(false);
                return true;
            },
            cancellation);
    }

    /// <summary>
    /// Runs a unit of work for each item, and hands results out in the order of the items, as they come. When one fails, those not begun
    /// are not begun, and its exception is thrown in its place; leaving the loop early does the same. What was committed stays.
    /// </summary>
    /// <param name="items">The items; read no further ahead than as many as run at a time.</param>
    /// <param name="work">The work for one.</param>
    /// <param name="cancellation">Stops all.</param>
    public async IAsyncEnumerable<TResult> MapAsync<TItem, TResult>(
        IEnumerable<TItem> items, Func<Session, TItem, Task<TResult>> work,
            [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(items);
        ArgumentNullException.ThrowIfNull(work);
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var running = new Queue<Task<TResult>>();
        try
        {
            foreach (var item in items)
            {
                running.Enqueue(RunAsync(session => work(session, item), stopping.Token));
                if (running.Count > _options.Concurrency)
                    yield return await running.Dequeue().ConfigureAwait(false);
            }

            while (running.Count > 0)
                yield return await running.Dequeue().ConfigureAwait(false);
        }
        finally
        {
            if (running.Count > 0)
            {
                await stopping.CancelAsync().ConfigureAwait(false);
                // No session outlives the loop; what they throw after the first has been told is nobody's to hear.
                await ((Task)Task.WhenAll(running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<T> RunWhenPermittedAsync<T>(Func<Session, Task<T>> work, CancellationToken cancellation)
    {
        var permits = _within.Value ?? _permits;
        await permits.Reader.ReadAsync(cancellation).ConfigureAwait(false);
        try
        {
            _within.Value = Permits(1);
            return await UnitOfWork.RunAsync(_sessions, work, _options.Retry, _options.Time, cancellation).ConfigureAwait(false);
        }
        finally
        {
            permits.Writer.TryWrite(true);
        }
    }

    private static Channel<bool> Permits(int count)
    {
        var permits = Channel.CreateUnbounded<bool>();
        for (var i = 0; i < count; i++)
            permits.Writer.TryWrite(true);
        return permits;
    }
}
