using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Flushing.References;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>
/// A plan that may wait for keys: when new rows refer to new rows through their objects, the keys are drawn first, and then all is one
/// round trip.
/// </summary>
internal sealed class FlushDraft
{
    private readonly IReadOnlyList<EntityChange> _changes;
    private readonly ReferredEntities? _referred;

    internal FlushDraft(IReadOnlyList<EntityChange> changes, Func<Type, EntityMap?> find)
    {
        _changes = changes;
        for (var i = 0; i < changes.Count && _referred is null; i++)
            if (changes[i] is { Map.References.IsEmpty: false, Kind: not ChangeKind.Delete })
                _referred = new(changes, find);
    }

    /// <summary>What is to be drawn; usually nothing. All of it may be asked in one round trip, within the transaction or not.</summary>
    internal ImmutableArray<KeyDraw> Draws => _referred?.Draws ?? [];

    /// <summary>The plan, once the keys are there.</summary>
    /// <param name="drawn">The answer to each of <see cref="Draws"/>.</param>
    internal FlushPlan Finish(ImmutableArray<RowSet> drawn)
    {
        if (_referred is null)
            return new(FlushPlanner.Steps(_changes), []);
        var (changes, filled) = _referred.Fill(drawn);
        try
        {
            return new(FlushPlanner.Steps(changes), filled);
        }
        catch (BrokerException)
        {
            new FlushPlan([], filled).Revert();
            throw;
        }
    }
}
