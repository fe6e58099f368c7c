using Broker.Configuration;
using Broker.Pools;
using Broker.Pools.Decisions;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>What holds after every step of every history.</summary>
internal static class Invariants
{
    internal static void Hold(PoolDriver driver)
    {
        var state = driver.State;
        var slots = state.Slots;
        var counts = slots.Counts;

        // 2. Counts agree with what is counted.
        foreach (var phase in Enum.GetValues<SlotPhase>())
        {
            Assert.Equal(slots.All.Count(slot => !slot.Reserve && slot.Phase == phase), Count(counts, phase));
        }

        Assert.Equal(counts.Idle, slots.IdleInOrder.Count());

        // 3, 4. Limits are never passed, not even by connections that are still closing.
        if (state.Settings.Limit is { } limit)
        {
            Assert.InRange(counts.Limited + state.Asked, 0, limit);
        }

        // Each connection has a permit, and each permit that is not on its way has a connection.
        Assert.Equal(slots.Count, driver.PermitsHeld);

        // Whoever asked and was neither answered nor has left stands in line, and nobody else does.
        Assert.Equal(
            driver.Requests.Where(request => request.Value is null && !driver.Withdrawn.Contains(request.Key)).Select(request => request.Key).Order(),
            state.Line.All.Select(waiter => waiter.Id));

        // Nobody waits while a connection could be used at once, and an idle one that must answer a ping first is being asked.
        if (state.Serves && state.Errands.Wanted == 0 && !state.Line.IsEmpty)
        {
            Assert.DoesNotContain(slots.IdleInOrder, slot => !state.NeedsPing(slot, driver.Now));
            Assert.True(counts.Idle == 0 || counts.Pinging >= state.Line.Count);
        }

        // A lease is out exactly where a slot is lent, and no lease is out twice.
        var leases = slots.All.Where(slot => slot.Lending is not null).Select(slot => slot.Lending!.Lease).ToArray();
        Assert.Equal(leases.Length, leases.Distinct().Count());
        Assert.All(slots.All.Where(slot => slot.Phase == SlotPhase.Lent), slot => Assert.NotNull(slot.Lending));

        // The reserve never serves a lease.
        Assert.True(slots.Reserve is not { Phase: SlotPhase.Lent });

        if (state.Settings.Kind == PoolKind.Assertion)
        {
            Assert.True(counts.Lent <= 1);
        }
    }

    private static int Count(SlotCounts counts, SlotPhase phase) => phase switch
    {
        SlotPhase.Opening => counts.Opening,
        SlotPhase.Idle => counts.Idle,
        SlotPhase.Busy => counts.Busy,
        SlotPhase.Lent => counts.Lent,
        SlotPhase.Pinging => counts.Pinging,
        SlotPhase.Closing => counts.Closing,
        SlotPhase.Detached => counts.Detached,
    };
}
