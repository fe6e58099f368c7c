using System.Runtime.CompilerServices;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Sending;
using Broker.Connections;

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
        return AcquireAsync(broker, database, options ?? LeaseOptions.Default, held, $"{member} ({Path.GetFileName(file)}:{line})", cancellation);
    }

    private static async ValueTask<Lease> AcquireAsync(
        BrokerClient broker, string database, LeaseOptions options, HeldLeases held, string holder, CancellationToken cancellation)
    {
        var taken = false;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            var pool = await broker.Sender.Pools.FindAsync(database, broker.Terms.User);
            var request = broker.Sender.NextId();
            var reply = new Reply<ConnectionLent>(broker.Sender.Home, static answer => (ConnectionLent)answer, GiveBack);
            pool.Supervisor.Tell(
                new AcquireConnection(request, options.Wait, options.Queueing, holder, options.Purpose, held.Before(pool.Pool), Watched: false), reply);
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
            var lease = new Lease(await reply.Answer, pool.Supervisor, held, broker.Sender.Home);
            taken = true;
            return lease;
        }
        finally
        {
            if (!taken)
            {
                held.Over();
            }
        }
    }

    /// <summary>A connection that was lent to somebody who had given up.</summary>
    private static void GiveBack(object late)
    {
        if (late is ConnectionLent lent)
        {
            lent.Owner.Tell(new ReturnConnection(lent.Lease), ActorRefs.NoSender);
        }
    }
}
