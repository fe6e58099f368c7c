namespace Broker.Pools.Decisions;

/// <summary>
/// How connecting has gone, and when it may be tried again. The first failure is followed by a new try at once (a slot given back is
/// a slot); from the second in a row on, one connection is tried per pause, and each pause is twice the one before.
/// </summary>
/// <param name="Failures">Waves of failed connects in a row.</param>
/// <param name="NextAt">Not before.</param>
/// <param name="LastFailure">Why the last one failed; null since the last success.</param>
internal sealed record ConnectHistory(int Failures, TimeSpan NextAt, Failure? LastFailure)
{
    internal static readonly ConnectHistory None = new(0, TimeSpan.Zero, null);

    /// <summary>Whether the last one that failed was a link's.</summary>
    internal bool OfLink { get; init; }

    /// <summary>Connects that began together and fail together count once.</summary>
    internal ConnectHistory Failed(Slot slot, Failure failure, PoolState state, TimeSpan now, out Dice dice)
    {
        dice = state.Dice;
        if (slot.ConnectRound < Failures)
        {
            return this with { LastFailure = failure, OfLink = slot.IsForLink };
        }

        var failures = Failures + 1;
        return new ConnectHistory(failures, failures == 1 ? now : now + PauseAfter(failures, state, out dice), failure)
        {
            OfLink = slot.IsForLink,
        };
    }

    /// <summary>How many of the wanted connects may begin now, and the history with them begun.</summary>
    internal (ConnectHistory History, int Allowed) Allow(int wanted, PoolState state, TimeSpan now, out Dice dice)
    {
        dice = state.Dice;
        return Failures < 2 ? (this, now < NextAt ? 0 : wanted)
            : now < NextAt ? (this, 0)
            : (this with { NextAt = now + PauseAfter(Failures, state, out dice) }, 1);
    }

    /// <summary>The budget had no room for ever: ask again after the shortest pause.</summary>
    internal ConnectHistory Pause(PoolState state, TimeSpan now) => this with { NextAt = now + state.Settings.Reconnect.MinBackoff };

    private static TimeSpan PauseAfter(int failures, PoolState state, out Dice dice) =>
        state.Settings.Reconnect.PauseAfter(failures - 2, state.Dice.Roll(out dice));
}
