namespace Broker.Errands;

/// <summary>
/// How long a text takes and how many of it may share a trip. Pure: each trip gives a new value. An unknown text starts alone; its number
/// doubles with each full trip for as long as that many fit into the target time, and falls when fewer do, so that a slow text soon runs
/// alone.
/// </summary>
/// <param name="MicrosecondsEach">A moving average of what one statement keeps the server busy; 0 while not known.</param>
/// <param name="Fill">How many members, of whatever texts, a trip with this text may have; 1 is alone.</param>
/// <param name="AloneUntil">Until when it is not tried in a group again, as a TimeProvider timestamp; 0 for any time.</param>
/// <param name="Ceiling">
/// What a failed trip has shown to be too many; 0 for none. It halves with each failure and grows by one with each trip that full.
/// </param>
internal readonly record struct TextEstimate(double MicrosecondsEach, int Fill, long AloneUntil = 0, int Ceiling = 0)
{
    // Below it a text would not share a trip at all, and could not show that it fails no more.
    private const int LeastCeiling = 2;

    /// <summary>What is believed of a text that never ran.</summary>
    internal static TextEstimate Unknown { get; } = new(0, 1);

    /// <summary>Whether texts of this kind wait for a shared trip, rather than for a connection of their own.</summary>
    internal bool Shares => Fill > 1;

    /// <summary>Whether it may travel with others, as far as is known: it never ran, or was fast enough.</summary>
    internal bool MayShare => AloneUntil == 0 && (Shares || MicrosecondsEach == 0);

    /// <summary>What is believed after a trip whose work is known.</summary>
    /// <param name="members">All members of the trip.</param>
    /// <param name="work">How long the server worked on the members, COMMIT and its flush of the log left out.</param>
    /// <param name="target">The time that a trip should take at the most.</param>
    /// <param name="maxFill">The largest number allowed.</param>
    internal TextEstimate After(int members, TimeSpan work, TimeSpan target, int maxFill)
    {
        var each = Math.Max(1, work.TotalMicroseconds / members);
        // A fast trip proves that the text can be fast; a slow one may be noise, so it counts less.
        var weight = each < MicrosecondsEach ? 0.5 : 0.2;
        var average = MicrosecondsEach == 0 ? each : (MicrosecondsEach * (1 - weight)) + (each * weight);
        var ceiling = Ceiling == 0 || Ceiling >= maxFill ? 0 : members >= Ceiling ? Ceiling + 1 : Ceiling;
        var room = Math.Max(1, (int)Math.Min(ceiling == 0 ? maxFill : ceiling, target.TotalMicroseconds / average));
        return new(average, Math.Min(members >= Fill ? Fill * 2 : Fill, room), AloneUntil, ceiling);
    }

    /// <summary>
    /// What is believed after a write that went alone: its time is mostly its own flush of the log, which it would share in a group, so
    /// only a group can tell what it costs. It is tried in one, unless one has just shown that it is slow.
    /// </summary>
    internal TextEstimate AfterWriteAlone(long now) => Fill > 1 || now < AloneUntil ? this : this with { Fill = 2 };

    /// <summary>
    /// What is believed when a member with this text made a group fail: all of it ran for nothing and runs again alone. The fuller a trip,
    /// the more it loses and the likelier it fails, so where one in a hundred fails about fourteen travel together, and where none does as
    /// many as ever.
    /// </summary>
    /// <param name="members">All members of the trip.</param>
    internal TextEstimate AfterFailure(int members)
    {
        var ceiling = Math.Max(LeastCeiling, members / 2);
        return this with { Ceiling = ceiling, Fill = Math.Min(Fill, ceiling) };
    }

    /// <summary>What is believed when a group has shown that this text is too slow for one.</summary>
    internal TextEstimate AloneFor(long until) => this with { Fill = 1, AloneUntil = until };
}
