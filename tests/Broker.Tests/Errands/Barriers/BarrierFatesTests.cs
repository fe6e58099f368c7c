using Broker.Errands.Barriers;
using Npgsql;
using Xunit;
using static Broker.Errands.Barriers.BarrierFate;

namespace Broker.Tests.Errands.Barriers;

/// <summary>What became of statements that each had a transaction of its own.</summary>
public sealed class BarrierFatesTests
{
    [Fact]
    public void Each_is_committed_or_told_its_own_error() =>
        Same([Committed, Refused, Committed], BarrierFates.AfterAnswers([null, Error("23505"), null]));

    [Theory]
    [InlineData("55P03")]
    [InlineData("57014")]
    [InlineData("26000")]
    [InlineData("0A000")]
    public void What_may_be_the_trips_fault_is_not_told_but_run_again(string state) =>
        Same([RunAgain], BarrierFates.AfterAnswers([Error(state)]));

    [Fact]
    public void Lost_without_a_word_the_last_completion_proves_nothing_and_neither_does_silence() =>
        Same([Committed, Refused, Unknown, Unknown],
            BarrierFates.AfterLoss([null, Error("23505"), null, null], [true, false, true, false], endedAt: null));

    [Fact]
    public void Lost_before_any_answer_all_are_unknown() =>
        Same([Unknown, Unknown], BarrierFates.AfterLoss([null, null], [false, false], endedAt: null));

    [Fact]
    public void Ended_in_words_those_before_are_sure_the_one_at_work_is_unknown_and_later_ones_never_began() =>
        Same([Committed, Unknown, RunAgain], BarrierFates.AfterLoss([null, null, null], [true, false, false], endedAt: 1));

    [Fact]
    public void Ended_in_words_before_the_first_none_began() =>
        Same([RunAgain, RunAgain], BarrierFates.AfterLoss([null, null], [false, false], endedAt: -1));

    [Fact]
    public void Ended_in_words_behind_the_last_all_are_sure() =>
        Same([Committed, Refused], BarrierFates.AfterLoss([null, Error("23505")], [true, false], endedAt: 2));

    private static void Same(BarrierFate[] expected, IEnumerable<BarrierFate> actual) => Assert.Equal(expected, actual);

    private static PostgresException? Error(string state) => new("text", "ERROR", "ERROR", state);
}
