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
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 1, new Carrier(1, 1), sqlState));

    [Theory]
    [InlineData("22012")]
    [InlineData("42P01")]
    [InlineData("42501")]
    [InlineData("22P02")]
    public void A_read_that_failed_by_itself_is_told(string sqlState) =>
        Assert.Equal(MemberFate.Told, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 1, new Carrier(1, 1), sqlState));

    [Fact]
    public void Reads_answered_before_the_failing_one_keep_their_answer_and_those_behind_it_run_again()
    {
        Assert.Equal(MemberFate.Answered, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 0, new Carrier(1, 1), "22012"));
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.ReadGroup, 3, index: 2, new Carrier(1, 1), "22012"));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public void No_error_of_a_failed_write_group_reaches_a_caller(int failed) =>
        Assert.All(Enumerable.Range(0, 3),
            i => Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.WriteGroup, 3, i, new Carrier(failed, 1), "23505")));

    [Fact]
    public void A_write_that_travelled_without_company_is_told_its_own_error() =>
        Assert.Equal(MemberFate.Told, TripFailure.AfterError(TripShape.WriteGroup, 1, 0, new Carrier(0, 1), "23505"));

    [Fact]
    public void A_statement_that_was_running_when_the_connection_was_lost_is_not_repeated()
    {
        Assert.Equal(MemberFate.Answered, TripFailure.AfterLoss(TripShape.ReadGroup, index: 0, new Carrier(1, 1), farewell: true));
        Assert.Equal(MemberFate.Told, TripFailure.AfterLoss(TripShape.ReadGroup, index: 1, new Carrier(1, 1), farewell: true));
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterLoss(TripShape.ReadGroup, index: 2, new Carrier(1, 1), farewell: true));
        Assert.Equal(MemberFate.Told, TripFailure.AfterLoss(TripShape.Alone, index: 0, new Carrier(0, 1), farewell: true));
    }

    [Fact]
    public void A_lost_write_group_is_settled_before_anybody_is_told() =>
        Assert.All(Enumerable.Range(0, 3),
            i => Assert.Equal(MemberFate.Settle, TripFailure.AfterLoss(TripShape.WriteGroup, i, new Carrier(1, 1), farewell: true)));

    [Theory]
    [InlineData("22012")]
    [InlineData("40001")]
    public void Nobody_is_told_an_error_of_a_statement_that_answers_for_several(string sqlState)
    {
        Assert.Equal(MemberFate.Answered, TripFailure.AfterError(TripShape.ReadGroup, 5, index: 0, new Carrier(1, 3), sqlState));
        Assert.All([1, 2, 3, 4],
            i => Assert.Equal(MemberFate.RunAgain, TripFailure.AfterError(TripShape.ReadGroup, 5, i, new Carrier(1, 3), sqlState)));
    }

    [Fact]
    public void Several_that_ran_as_one_statement_run_again_only_when_the_server_said_why_it_ended_the_connection()
    {
        Assert.All([0, 1, 2],
            i => Assert.Equal(MemberFate.Told, TripFailure.AfterLoss(TripShape.ReadGroup, i, new Carrier(0, 3), farewell: false)));
        Assert.All([0, 1, 2],
            i => Assert.Equal(MemberFate.RunAgain, TripFailure.AfterLoss(TripShape.ReadGroup, i, new Carrier(0, 3), farewell: true)));
        Assert.Equal(MemberFate.RunAgain, TripFailure.AfterLoss(TripShape.ReadGroup, index: 3, new Carrier(0, 3), farewell: false));
    }
}
