using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Sessions;
using Broker.Streams;

namespace Broker.Sandboxes;

/// <summary>What one pool of a sandbox needs to know. Values and references only.</summary>
/// <param name="Work">How work on its connection goes; its supervisor is the real pool.</param>
/// <param name="Streams">How its streams run.</param>
/// <param name="Isolation">The isolation level of its transaction.</param>
/// <param name="Opener">Who opened the sandbox.</param>
/// <param name="LeaseWait">How long a borrower waits for its turn.</param>
/// <param name="ErrandWait">How long an errand waits for its turn.</param>
/// <param name="HasLedger">Whether idempotency keys are taken.</param>
internal sealed record SandboxPlan(
    SessionPlan Work, StreamPlan Streams, Isolation Isolation, string Opener, TimeSpan LeaseWait, TimeSpan ErrandWait, bool HasLedger)
{
    /// <summary>Which pool.</summary>
    internal PoolId Pool => Work.Pool;

    /// <summary>The real pool.</summary>
    internal IActorRef Lender => Work.Supervisor;

    /// <summary>The clock.</summary>
    internal TimeProvider Time => Work.Time;

    /// <summary>The plan of a pool in a sandbox.</summary>
    internal static SandboxPlan For(PoolFound found, OpenSandbox request, BrokerSettings settings, TimeProvider time, BrokerMeter meter)
    {
        var (pool, errands) = (settings.Pool(found.Pool.Database, found.Pool.User), settings.Databases[found.Pool.Database].Errands);
        return new(
            SessionPlan.For(found.Pool, found.Supervisor, settings, time, new(meter, found.Pool)).InSandbox(),
            StreamPlan.Of(found.Pool, pool, errands).InSandbox(),
            request.Isolation, request.Opener, pool.AcquireTimeout, errands.WaitTimeout ?? pool.AcquireTimeout,
                errands.Ledger.Table is not null);
    }
}
