using System.Collections.Immutable;
using Broker.Client.Protocol;

namespace Broker.Leases;

/// <summary>
/// Which leases the present flow of control holds, so that a pool can see that a request waits for what its own flow keeps. It travels with
/// the execution context: what a flow forks inherits what it holds. Immutable but for the mark that a lease is over.
/// </summary>
internal sealed class HeldLeases
{
    private static readonly AsyncLocal<HeldLeases?> Flow = new();

    private readonly HeldLeases? _before;
    private volatile Held? _held;
    private volatile bool _over;

    private HeldLeases(HeldLeases? before) => _before = before;

    private sealed record Held(PoolId Pool, LeaseId Lease);

    /// <summary>
    /// Notes that this flow asks for a lease, before it has it: what an async method sets is lost to its caller when it ends.
    /// </summary>
    internal static HeldLeases Enter()
    {
        var entered = new HeldLeases(Living(Flow.Value));
        Flow.Value = entered;
        return entered;
    }

    /// <summary>The request got its lease.</summary>
    internal void Got(PoolId pool, LeaseId lease) => _held = new(pool, lease);

    /// <summary>The lease is over, or the request came to nothing.</summary>
    internal void Over() => _over = true;

    /// <summary>The leases of a pool that the flow held when it asked.</summary>
    internal ImmutableArray<LeaseId> Before(PoolId pool)
    {
        var leases = ImmutableArray.CreateBuilder<LeaseId>();
        for (var link = Living(_before); link is not null; link = Living(link._before))
        {
            if (link._held is { } held && held.Pool == pool)
            {
                leases.Add(held.Lease);
            }
        }
        return leases.DrainToImmutable();
    }

    // Links that are over are skipped, so that a loop over leases makes no chain.
    private static HeldLeases? Living(HeldLeases? link)
    {
        while (link is { _over: true })
        {
            link = link._before;
        }
        return link;
    }
}
