using Broker.Errands;
using Xunit;

namespace Broker.Tests.Errands;

public sealed class TripFailureTests
{
    [Theory]
    [InlineData("25006")]
    [InlineData("25P02")]
    [InlineData("40001")]
    [InlineData("40P01")]
    [InlineData("55P03")]
    [InlineData("57014")]
    [InlineData("2D000")]
    [InlineData("0A000")]
    [InlineData("42P03")]
    [InlineData("42P05")]
    [InlineData("42P07")]
    public void A_read_that_may_have_failed_by_its_company_runs_again_alone(string sqlState) =>
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 1, failed: 1, sqlState));

    [Theory]
    [InlineData("22012")]
    [InlineData("42P01")]
    [InlineData("42501")]
    [InlineData("22P02")]
    public void A_read_that_failed_by_itself_is_told(string sqlState) =>
        Assert.Equal(MemberFate.Told, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 1, failed: 1, sqlState));

    [Fact]
    public void Reads_answered_before_the_failing_one_keep_their_answer_and_those_behind_it_run_again()
    {
        Assert.Equal(MemberFate.Answered, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 0, failed: 1, "22012"));
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 2, failed: 1, "22012"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void No_error_of_a_failed_write_group_reaches_a_caller(int failed) =>
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.WriteGroup, 3, i, failed, "23505")));

    [Fact]
    public void A_write_that_travelled_without_company_is_told_its_own_error() =>
        Assert.Equal(MemberFate.Told, TripFailure.AfterError(TripShape.WriteGroup, 1, 0, 0, "23505"));

    [Fact]
    public void A_statement_that_was_running_when_the_connection_was_lost_is_not_repeated()
    {
        Assert.Equal(MemberFate.Answered, TripFailure.AfterLoss(TripShape.ReadGroup, index: 0, executing: 1));
        Assert.Equal(MemberFate.Told, TripFailure.AfterLoss(TripShape.ReadGroup, index: 1, executing: 1));
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterLoss(TripShape.ReadGroup, index: 2, executing: 1));
        Assert.Equal(MemberFate.Told, TripFailure.AfterLoss(TripShape.Alone, index: 0, executing: 0));
    }

    [Fact]
    public void A_lost_write_group_is_settled_before_anybody_is_told() =>
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(MemberFate.Settle, TripFailure.AfterLoss(TripShape.WriteGroup, i, executing: 1)));
}
