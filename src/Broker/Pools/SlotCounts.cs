namespace Broker.Pools;

/// <summary>How many connections of a pool are in which phase, the reserve not counted.</summary>
internal readonly record struct SlotCounts(
    int Opening, int Idle, int Busy, int Lent, int Pinging, int Closing, int Detached)
{
    /// <summary>What counts against size and overflow.</summary>
    internal int Limited => Opening + Idle + Busy + Lent + Pinging + Closing;

    /// <summary>Nobody has them, or they are about to be so.</summary>
    internal int Free => Idle + Pinging;

    /// <summary>Of those that are lent, the ones that are lent for links.</summary>
    internal int Links { get; init; }

    internal SlotCounts Plus(Slot slot, int change) => slot.Phase switch
    {
        SlotPhase.Opening => this with { Opening = Opening + change },
        SlotPhase.Idle => this with { Idle = Idle + change },
        SlotPhase.Busy => this with { Busy = Busy + change },
        SlotPhase.Lent => this with { Lent = Lent + change, Links = Links + (slot.IsForLink ? change : 0) },
        SlotPhase.Pinging => this with { Pinging = Pinging + change },
        SlotPhase.Closing => this with { Closing = Closing + change },
        SlotPhase.Detached => this with { Detached = Detached + change },
    };
}
