using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Sandboxes;
using Xunit;

namespace Broker.Tests.Sandboxes;

/// <summary>Whose turn it is, and what becomes of everybody when the sandbox ends.</summary>
public sealed class SandboxTurnsTests
{
    private static readonly PoolId Pool = new("shop", "me");
    private static readonly SandboxOver Over = new(Pool, "it was closed");
    private static readonly TurnId One = new(1);
    private static readonly TurnId Two = new(2);
    private static readonly TurnId Three = new(3);

    private SandboxTurns _turns = new(Pool);

    [Fact]
    public void The_first_who_asks_has_the_connection_borrowed_and_those_behind_wait()
    {
        Assert.Equal([SandboxEffects.Open.Instance], Enter(One));
        Assert.Empty(Enter(Two));
        Assert.Equal([new SandboxEffects.Give(One)], Do(_turns.Opened(At(1))));
    }

    [Fact]
    public void Turns_are_taken_one_at_a_time_in_the_order_of_arrival_and_the_connection_is_cleared_in_between()
    {
        Taken(One);
        Assert.Empty(Enter(Two));
        Assert.Empty(Enter(Three));
        Assert.Equal([SandboxEffects.Clear.Instance], Do(_turns.Return(One)));
        Assert.Equal([new SandboxEffects.Give(Two)], Do(_turns.Cleared(well: true, At(2))));
        Do(_turns.Return(Two));
        Assert.Equal([new SandboxEffects.Give(Three)], Do(_turns.Cleared(well: true, At(3))));
        Do(_turns.Return(Three));
        Assert.Empty(Do(_turns.Cleared(well: true, At(4))));
        Assert.Equal(SandboxPhase.Free, _turns.Phase);
    }

    [Fact]
    public void A_return_of_a_turn_that_is_over_changes_nothing()
    {
        Taken(One);
        Enter(Two);
        Do(_turns.Return(One));
        Do(_turns.Cleared(well: true, At(1)));

        Assert.Empty(Do(_turns.Return(One)));
        Assert.True(_turns.IsTaken(Two));
    }

    [Fact]
    public void Who_waits_too_long_is_told_who_has_the_turn_and_for_how_long()
    {
        Taken(One);
        Enter(Two, now: 5);

        Assert.Equal(At(15), _turns.Due);
        Assert.Empty(Do(_turns.Expire(At(14))));
        Assert.Equal([new SandboxEffects.Refuse(Two, new SandboxBusy(Pool, "turn 1", At(15), At(10)))], Do(_turns.Expire(At(15))));
        Assert.Null(_turns.Due);
    }

    [Fact]
    public void Who_leaves_the_line_gets_no_turn_and_who_has_one_keeps_it()
    {
        Taken(One);
        Enter(Two);
        var gone = new Cancelled("while it waited in line");

        Assert.Equal([new SandboxEffects.Refuse(Two, gone)], Do(_turns.Leave(Two, gone)));
        Assert.Empty(Do(_turns.Leave(One, gone)));
        Assert.True(_turns.IsTaken(One));
    }

    [Fact]
    public void A_connection_that_is_not_lent_is_asked_for_again_by_the_next()
    {
        Enter(One);
        Enter(Two);
        var why = new BrokerStopping("the pool");

        Assert.Equal([new SandboxEffects.Refuse(One, why), new SandboxEffects.Refuse(Two, why)], Do(_turns.NotOpened(why)));
        Assert.Equal([SandboxEffects.Open.Instance], Enter(Three));
    }

    [Fact]
    public void The_end_revokes_the_turn_refuses_the_line_and_everybody_after_it()
    {
        Taken(One);
        Enter(Two);

        Assert.Equal(
            [new SandboxEffects.Revoke(One, Over), new SandboxEffects.Refuse(Two, Over), new SandboxEffects.GiveUp(InUse: true)],
                Do(_turns.End(Over)));
        Assert.Equal([new SandboxEffects.Refuse(Three, Over)], Enter(Three));
        Assert.Empty(Do(_turns.End(new SandboxOver(Pool, "again"))));
    }

    [Fact]
    public void A_free_connection_goes_back_at_once_at_the_end()
    {
        Taken(One);
        Do(_turns.Return(One));
        Do(_turns.Cleared(well: true, At(1)));

        Assert.Equal([new SandboxEffects.GiveUp(InUse: false)], Do(_turns.End(Over)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void One_that_is_being_cleared_at_the_end_goes_back_when_that_is_over(bool well)
    {
        Taken(One);
        Do(_turns.Return(One));

        Assert.Empty(Do(_turns.End(Over)));
        Assert.Equal([new SandboxEffects.GiveUp(InUse: !well)], Do(_turns.Cleared(well, At(1))));
        Assert.Empty(Do(_turns.Cleared(well, At(1))));
    }

    private void Taken(TurnId turn)
    {
        Enter(turn);
        Do(_turns.Opened(At(0)));
        Assert.True(_turns.IsTaken(turn));
    }

    private ISandboxEffect[] Enter(TurnId turn, int now = 0) =>
        Do(_turns.Enter(new(turn, $"turn {turn.Number}", At(now), At(now + 10)), At(now)));

    private ISandboxEffect[] Do(SandboxDecision decision)
    {
        _turns = decision.Turns;
        return [.. decision.Effects];
    }

    private static TimeSpan At(int seconds) => TimeSpan.FromSeconds(seconds);
}
