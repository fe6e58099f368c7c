using System.Runtime.CompilerServices;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;
using Broker.Connections;
using Broker.Diagnostics;

namespace Broker.Leases;

/// <summary>Leases at the embedded door, for code that wants only the pool.</summary>
public static class BrokerLeases
{
    /// <summary>
    /// Borrows a connection of the database's pool: <c>await using var lease = await broker.LeaseAsync("orders")</c>. A refusal is a
    /// <see cref="BrokerException"/>: exhausted, busy, shed, self-starved, server down, stopping.
    /// </summary>
    /// <param name="broker">The client.</param>
    /// <param name="database">The database's name in the settings.</param>
    /// <param name="options">How to wait, and what for.</param>
    /// <param name="cancellation">Gives up waiting. It does not end a lease.</param>
    /// <param name="member">Filled in by the compiler: who asks, for the leak report.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public static ValueTask<Lease> LeaseAsync(
        this BrokerClient broker, string database, LeaseOptions? options = null, CancellationToken cancellation = default,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        ArgumentNullException.ThrowIfNull(broker);
        // Here, not in an async method, whose changes to the flow end with it.
        var held = HeldLeases.Enter();
        var activity = LeaseActivity.Start(database, options?.Purpose ?? "", broker.Sender.Tracing);
        return AcquireAsync(broker, database, options ?? LeaseOptions.Default, held, activity,
            $"{member} ({Path.GetFileName(file)}:{line})", cancellation);
    }

    private static async ValueTask<Lease> AcquireAsync(
        BrokerClient broker, string database, LeaseOptions options, HeldLeases held, LeaseActivity activity, string holder,
            CancellationToken cancellation)
    {
        var taken = false;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var pool = await broker.Sender.Pools.FindAsync(database, broker.Terms.User);
            var request = broker.Sender.NextId();
            var news = new LeaseNews();
            var reply = new Reply<ConnectionLent>(broker.Sender.Home, static answer => (ConnectionLent)answer, late => Later(late, news));
            pool.Supervisor.Tell(
                new AcquireConnection(request, options.Wait, options.Queueing, holder, options.Purpose, held.Before(pool.Pool),
                    Watched: false), reply);
            await using var withdrawal = cancellation.UnsafeRegister(
                static (state, token) =>
                {
                    var (reply, pool, withdraw) = ((Reply<ConnectionLent>, IActorRef, WithdrawAcquire))state!;
                    if (reply.TryAbandon(new OperationCanceledException(token)))
                    {
                        pool.Tell(withdraw, ActorRefs.NoSender);
                    }
                },
                (reply, pool.Supervisor, new WithdrawAcquire(request)));
            var lease = new Lease(await reply.Answer, pool.Supervisor, held, news, activity, broker.Sender.Home);
            taken = true;
            return lease;
        }
        catch (Exception refused)
        {
            activity.Refused(refused);
            throw;
        }
        finally
        {
            if (!taken)
            {
                held.Over();
            }
        }
    }

    /// <summary>What is told after the answer: a connection that was lent to somebody who had given up, or the end of the lease.</summary>
    private static void Later(object late, LeaseNews news)
    {
        switch (late)
        {
            case ConnectionLent lent: lent.Owner.Tell(new ReturnConnection(lent.Lease), ActorRefs.NoSender); break;
            case Refused refused: news.Ended(refused.Failure); break;
        }
    }
}
