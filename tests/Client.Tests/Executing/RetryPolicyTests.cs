using Broker.Client.Executing;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Tests.Executing;

public sealed class RetryPolicyTests
{
    public static TheoryData<Failure, bool> Failures => new()
    {
        { new StatementFailed("40001", "could not serialize"), true },
        { new StatementFailed("40P01", "deadlock"), true },
        { new ConversationFailed(default, new StatementFailed("40P01", "deadlock")), true },
        { new AutoflushFailed(new StatementFailed("40001", "could not serialize")), true },
        { new ConversationFailed(default, new AutoflushFailed(new StatementFailed("40P01", "deadlock"))), true },
        { new AutoflushFailed(new StatementFailed("23505", "duplicate")), false },
        { new StatementFailed("23505", "duplicate"), false },
        { new StatementFailed("55P03", "lock"), false },
        { new CommitUnknown(default, 1, 1, "lost"), false },
        { new ConversationFailed(default, new CommitUnknown(default, 1, 1, "lost")), false },
        { new CommitRolledBack(default, "failed before"), false },
        { new ConnectionLost(default, "gone"), false },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void Only_what_fresh_state_may_mend_is_worth_another_try(Failure failure, bool worth) =>
        Assert.Equal(worth, RetryPolicy.IsWorthAnotherTry(failure));

    [Fact]
    public void Pauses_double_up_to_the_longest_and_half_of_each_is_by_chance()
    {
        var policy = new RetryPolicy { FirstPause = TimeSpan.FromMilliseconds(10), LongestPause = TimeSpan.FromMilliseconds(35) };

        Assert.Equal([5, 10, 17.5, 17.5], Enumerable.Range(1, 4).Select(attempt => policy.PauseAfter(attempt, 0).TotalMilliseconds));
        Assert.Equal([10, 20, 35, 35], Enumerable.Range(1, 4).Select(attempt => policy.PauseAfter(attempt, 1).TotalMilliseconds));
        Assert.Equal(35, policy.PauseAfter(1000, 1).TotalMilliseconds);
    }

    [Fact]
    public void Work_that_is_never_run_is_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RetryPolicy { Attempts = 0 });
}
