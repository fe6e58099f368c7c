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

        // 3, 4. Limits are never passed, not even by connections that are still closing; beyond one that was lowered there are ever fewer.
        if (state.Settings.Limit is { } limit)
        {
            Assert.InRange(counts.Limited + state.Asked, 0, limit + driver.BeyondLimit);
        }

        // Each connection has a permit, and each permit that is not on its way has a connection.
        Assert.Equal(slots.Count, driver.PermitsHeld);

        // Whoever asked and was neither answered nor has left stands in line, and nobody else does.
        var inLine = driver.Requests.Where(request => request.Value is null && !driver.Withdrawn.Contains(request.Key))
            .Select(request => request.Key);
        Assert.Equal(inLine.Where(request => !driver.AskedForLink.ContainsKey(request)).Order(),
            state.Line.All.Select(waiter => waiter.Id));
        Assert.Equal(inLine.Where(driver.AskedForLink.ContainsKey).Order(), state.LinkLine.All.Select(waiter => waiter.Id));
        Links(driver);

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

    /// <summary>What holds of slots that are lent for links, and of those who wait for one.</summary>
    private static void Links(PoolDriver driver)
    {
        var state = driver.State;
        var counts = state.Slots.Counts;
        var links = state.Slots.All.Where(slot => slot.IsForLink).ToArray();
        Assert.Equal(links.Length, counts.Links);
        Assert.All(links, slot => Assert.Equal((SlotPhase.Lent, false), (slot.Phase, slot.Reserve)));
        Assert.Equal(
            links.GroupBy(slot => slot.Lending!.Waiter.SlotHolder!.Value).OrderBy(of => of.Key).Select(of => (of.Key, of.Count())),
            state.SlotHolders.Select(held => (held.Key, held.Value.Count)));

        // Nobody is told to give back more than it has, and both sides count the same.
        Assert.All(state.SlotHolders, held => Assert.InRange(held.Value.Told.Count, 0, held.Value.Count));
        Assert.All(state.SlotHolders, held => Assert.Equal(held.Value.Told, driver.Wanted.GetValueOrDefault(held.Key, SlotWish.None)));
        Assert.All(driver.Wanted.Where(wanted => !state.SlotHolders.ContainsKey(wanted.Key)),
            wanted => Assert.Equal(0, wanted.Value.Count));
        if (!state.Serves || state.Room() > 0 || state.Asked > 0 || counts.Closing > 0)
        {
            return;
        }

        // No place is free and none is coming: what is idle is closed for a link that nobody goes before, and links are wanted by leases.
        if (!state.LinkLine.IsEmpty && state.Line.IsEmpty && state.Errands.Wanted == 0)
        {
            Assert.Equal(0, counts.Idle);
        }

        if (!state.Line.IsEmpty && counts.Opening + counts.Free == 0 && links.Length > 0)
        {
            Assert.NotEqual(0, driver.Wanted.Sum(wanted => wanted.Value.Count));
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
