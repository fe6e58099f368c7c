using Akka.Actor;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sending;

/// <summary>How a caller's statements are to run: as whom, with which settings, within which limits.</summary>
internal sealed record SendingTerms(string? User, CallerContext Context, ErrandLimits Limits)
{
    internal static SendingTerms Default { get; } = new(null, CallerContext.None, ErrandLimits.Default);
}

/// <summary>
/// Sends requests to pools and hands out their answers. One per client and its views; when the pool is known, a statement costs no
/// more than its messages and its <see cref="Reply{T}"/>.
/// </summary>
internal sealed class StatementSender
{
    private readonly long _client = ErrandId.DrawClient();
    private readonly ActorSystem _system;
    private long _errands;

    internal StatementSender(ActorSystem system, Func<CancellationToken, Task<IActorRef>> supervisor, TracingOptions? tracing = null)
    {
        _system = system;
        Tracing = tracing ?? TracingOptions.Default;
        Home = ReplyHome.Of(system);
        Pools = new(system, supervisor, Home);
        UndeliveredRequests.AnswerFor(system, Home, Pools);
    }

    private StatementSender(StatementSender other, IActorRef supervisor)
    {
        (_system, Tracing, Home) = (other._system, other.Tracing, other.Home);
        Pools = new(_system, _ => Task.FromResult(supervisor), Home);
    }

    /// <summary>Whether there is one transaction only, so that nothing can be asked beside it.</summary>
    internal bool IsSandboxed { get; private init; }

    internal ReplyHome Home { get; }

    internal TracingOptions Tracing { get; }

    internal PoolDirectory Pools { get; }

    internal OpenedDatabases Sessions { get; } = new();

    internal ErrandId NextId() => new(_client, Interlocked.Increment(ref _errands));

    /// <summary>
    /// One that talks to a sandbox's supervisor instead. Its requests that reach nobody are answered for by this one, so that it leaves
    /// nothing behind when it is forgotten.
    /// </summary>
    internal StatementSender InSandbox(IActorRef supervisor) => new(this, supervisor) { IsSandboxed = true };

    /// <summary>Runs an errand; <paramref name="read"/> makes the result of its <see cref="ErrandCompleted"/>.</summary>
    internal ValueTask<T> RunAsync<T>(string database, Statement statement, SendingTerms terms, Func<object, T> read,
        CancellationToken cancellation) =>
        RunAsync(database, statement, unit: null, terms, read, cancellation);

    /// <summary>The same for a unit, when <paramref name="unit"/> makes one of the statement.</summary>
    internal ValueTask<T> RunAsync<T>(
        string database, Statement statement, ErrandUnit? unit, SendingTerms terms, Func<object, T> read, CancellationToken cancellation) =>
        cancellation.IsCancellationRequested ? ValueTask.FromCanceled<T>(cancellation)
        : ErrandActivity.IsWatched(Tracing) ? RunTracedAsync(database, statement, unit, terms, read, cancellation)
        : Pools.TryFind(database, terms.User, out var pool) ? Run(pool, statement, unit, terms, read, cancellation)
        : FindAndRunAsync(database, statement, unit, terms, read, cancellation);

    private async ValueTask<T> FindAndRunAsync<T>(
        string database, Statement statement, ErrandUnit? unit, SendingTerms terms, Func<object, T> read, CancellationToken cancellation)
    {
        var pool = await Pools.FindAsync(database, terms.User).ConfigureAwait(false);
        return await Run(pool, statement, unit, terms, read, cancellation).ConfigureAwait(false);
    }

    private async ValueTask<T> RunTracedAsync<T>(
        string database, Statement statement, ErrandUnit? unit, SendingTerms terms, Func<object, T> read, CancellationToken cancellation)
    {
        using var activity = ErrandActivity.Start(database, statement, Tracing);
        try
        {
            var pool = await Pools.FindAsync(database, terms.User).ConfigureAwait(false);
            activity.Sent(pool.Pool);
            return await Run(pool, statement, unit, terms, Read, cancellation, activity?.Id).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            activity.Failed(exception);
            throw;
        }

        T Read(object answer)
        {
            activity.Completed((ErrandCompleted)answer);
            return read(answer);
        }
    }

    private ValueTask<T> Run<T>(
        PoolFound pool, Statement statement, ErrandUnit? unit, SendingTerms terms, Func<object, T> read, CancellationToken cancellation,
            string? traceParent = null)
    {
        var reply = new Reply<T>(Home, read);
        var id = NextId();
        pool.Supervisor.Tell(new RunErrand(id, statement, terms.Context, terms.Limits) { TraceParent = traceParent, Unit = unit }, reply);
        if (cancellation.CanBeCanceled)
            reply.CancelBy(pool.Supervisor, new CancelErrand(id), cancellation);
        return reply.Answer;
    }

    /// <summary>Sends any other request to a pool.</summary>
    internal async ValueTask<T> AskPoolAsync<T>(string database, SendingTerms terms, IBrokerRequest request, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var pool = await Pools.FindAsync(database, terms.User).ConfigureAwait(false);
        var reply = new Reply<T>(Home, static answer => (T)answer);
        pool.Supervisor.Tell(request, reply);
        using var giveUp = cancellation.UnsafeRegister(
            static (state, token) => ((Reply<T>)state!).TryAbandon(new OperationCanceledException(token)), reply);
        return await reply.Answer.ConfigureAwait(false);
    }
}
