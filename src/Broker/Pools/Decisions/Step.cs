using System.Collections.Immutable;

namespace Broker.Pools.Decisions;

/// <summary>A state on its way to the next one, with what is to be done so far (latest on top).</summary>
internal readonly record struct Step(PoolState State, ImmutableStack<IPoolEffect> Effects, TimeSpan Now)
{
    internal static Step From(PoolState state, TimeSpan now) => new(state, [], now);

    internal Step With(PoolState state) => this with { State = state };

    internal Step Put(Slot slot) => With(State with { Slots = State.Slots.Put(slot) });

    internal Step Do(IPoolEffect effect) => this with { Effects = Effects.Push(effect) };

    /// <summary>
    /// Makes sure of a tick not later than at that moment. One that is too early does no harm, so this only ever moves it forward.
    /// </summary>
    internal Step WakeBy(TimeSpan moment) =>
        moment < State.NextWake ? With(State with { NextWake = moment }).Do(new PoolEffects.WakeAt(moment)) : this;

    /// <summary>What follows from any event: serve, grow, and let the errands go where there are connections for them.</summary>
    internal Step Onward() => this.Serve().Grow().OfferToErrands().SayStopped();

    internal PoolDecision End()
    {
        if (Effects.IsEmpty)
        {
            return new PoolDecision(State, []);
        }

        var inOrder = ImmutableArray.CreateBuilder<IPoolEffect>();
        foreach (var effect in Effects)
        {
            inOrder.Add(effect);
        }

        inOrder.Reverse();
        return new PoolDecision(State, inOrder.DrainToImmutable());
    }

    public static implicit operator PoolDecision(Step step) => step.End();
}
