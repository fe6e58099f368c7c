using Broker.Configuration;

namespace Broker.Pools.Decisions;

/// <summary>What the kinds of pool have in particular. The limit of each is in its settings.</summary>
internal static class Kinds
{
    /// <summary>
    /// How many idle connections are kept: size of them; none by a pool that opens and closes for each use; one by those that have one.
    /// </summary>
    internal static int KeptIdle(this PoolSettings settings) => settings.Kind switch
    {
        PoolKind.Queue => settings.Size == 0 ? int.MaxValue : settings.Size,
        PoolKind.Null => 0,
        PoolKind.Static or PoolKind.Assertion => 1,
    };

    /// <summary>Whether a connection may serve a second use.</summary>
    internal static bool Reuses(this PoolSettings settings) => settings.Kind != PoolKind.Null;
}
