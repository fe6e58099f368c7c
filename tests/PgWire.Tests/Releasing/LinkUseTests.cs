using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using Xunit;

namespace Broker.PgWire.Tests.Releasing;

public sealed class LinkUseTests
{
    private readonly LinkUse _link = new();

    [Theory]
    [InlineData(FrontendType.Query)]
    [InlineData(FrontendType.Sync)]
    [InlineData(FrontendType.FunctionCall)]
    public void Each_of_the_three_that_are_answered_by_ReadyForQuery_holds_the_link_until_it_comes(FrontendType type)
    {
        _link.Sent(type);
        _link.Sent(type);

        Ready();
        Assert.False(_link.CanRelease);
        Ready();
        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void What_the_broker_asked_and_what_the_server_skips_is_no_answer_that_the_client_waits_for()
    {
        _link.Sent(FrontendType.Query, hidden: true);
        Assert.Equal(0, _link.ReadyOwed);
        Ready();
        _link.Sent(FrontendType.Parse);
        _link.Received(BackendType.ErrorResponse);
        _link.Sent(FrontendType.Query);
        Assert.Equal(0, _link.ReadyOwed);
        _link.Sent(FrontendType.Sync);
        Assert.Equal(1, _link.ReadyOwed);
    }

    [Fact]
    public void A_Sync_that_a_COPY_has_passed_over_is_owed_no_answer_and_a_link_in_doubt_is_spent_when_its_client_is_answered()
    {
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Sync);
        _link.Received(BackendType.CopyInResponse);
        _link.Sent(FrontendType.CopyFail);
        _link.Received(BackendType.ErrorResponse);
        Assert.Equal((0, true, false), (_link.ReadyOwed, _link.IsDoubtful, _link.IsSpent));

        _link.Sent(FrontendType.Sync);
        Assert.Equal((1, false), (_link.ReadyOwed, _link.IsSpent));
        Ready();
        Assert.True(_link.IsSpent);
    }

    [Fact]
    public void A_transaction_holds_the_link_whatever_was_sent()
    {
        _link.Sent(FrontendType.Query);
        Ready(TransactionStatus.InTransaction);
        Assert.True(_link.IsAtRest && !_link.CanRelease);

        _link.Sent(FrontendType.Query);
        Ready(TransactionStatus.Failed);
        Assert.False(_link.CanRelease);

        _link.Sent(FrontendType.Query);
        Ready();
        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void Flush_without_Sync_brings_answers_and_keeps_the_link()
    {
        _link.Sent(FrontendType.Parse);
        _link.Sent(FrontendType.Flush);
        _link.Received(BackendType.ParseComplete);

        Assert.False(_link.IsAwaiting);
        Assert.False(_link.CanRelease);
        _link.Sent(FrontendType.Sync);
        Ready();
        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void After_an_error_nothing_is_answered_up_to_the_next_Sync_a_simple_query_neither()
    {
        _link.Sent(FrontendType.Parse);
        _link.Sent(FrontendType.Bind);
        _link.Sent(FrontendType.Query);
        _link.Received(BackendType.ErrorResponse);
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Query);

        Assert.True(_link.IsSkipping && !_link.IsAwaiting && !_link.CanRelease);
        _link.Sent(FrontendType.Sync);
        Ready();
        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void What_the_broker_sent_ahead_is_answered_to_the_broker_in_its_place()
    {
        _link.Sent(FrontendType.Parse, hidden: true);
        _link.Sent(FrontendType.Bind);
        _link.Sent(FrontendType.Describe, TargetKind.Portal);
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Close, hidden: true);
        _link.Sent(FrontendType.Sync);

        Assert.Equal(
            [Addressee.Broker, Addressee.Client, Addressee.Anyone, Addressee.Client, Addressee.Client, Addressee.Client, Addressee.Broker,
                Addressee.Client],
            new[]
            {
                BackendType.ParseComplete, BackendType.BindComplete, BackendType.NoticeResponse, BackendType.RowDescription,
                BackendType.DataRow,
                BackendType.CommandComplete, BackendType.CloseComplete, BackendType.ReadyForQuery,
            }.Select(type => _link.Received(type)));
        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void A_COPY_of_a_series_whose_Sync_came_too_early_needs_another()
    {
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Sync);
        _link.Received(BackendType.CopyInResponse);
        Assert.True(_link.IsCopyIn);
        _link.Sent(FrontendType.CopyData);
        _link.Sent(FrontendType.CopyDone);
        _link.Received(BackendType.CommandComplete);

        Assert.True(!_link.IsAwaiting && !_link.CanRelease);
        _link.Sent(FrontendType.Sync);
        Ready();
        Assert.True(_link.CanRelease);
    }

    [Theory]
    [InlineData(FrontendType.Query)]
    [InlineData(FrontendType.FunctionCall)]
    public void A_COPY_of_a_series_whose_Sync_came_too_early_is_ended_by_a_query_as_well(FrontendType type)
    {
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Sync);
        _link.Sent(FrontendType.CopyDone);
        _link.Sent(type);
        _link.Received(BackendType.CopyInResponse);
        _link.Received(BackendType.CommandComplete);
        Assert.False(_link.CanRelease);
        Ready();

        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void Data_that_comes_after_a_COPY_was_refused_changes_nothing()
    {
        _link.Sent(FrontendType.Query);
        _link.Received(BackendType.CopyInResponse);
        _link.Received(BackendType.ErrorResponse);
        _link.Sent(FrontendType.CopyData);
        _link.Sent(FrontendType.CopyDone);
        Ready();

        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void An_error_that_crosses_a_Sync_within_a_COPY_makes_the_link_doubtful()
    {
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Sync);
        _link.Received(BackendType.CopyInResponse);
        _link.Received(BackendType.ErrorResponse);

        Assert.True(_link.IsDoubtful);
    }

    [Fact]
    public void Two_COPYs_of_one_text_are_one_query()
    {
        _link.Sent(FrontendType.Query);
        for (var copy = 0; copy < 2; copy++)
        {
            _link.Received(BackendType.CopyInResponse);
            _link.Sent(FrontendType.CopyDone);
            _link.Received(BackendType.CommandComplete);
            Assert.False(_link.CanRelease);
        }
        Ready();

        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void A_cut_message_or_a_cancel_under_way_holds_the_link()
    {
        _link.SentPiece();
        Assert.False(_link.CanRelease);
        _link.Sent(FrontendType.Query);
        _link.Received(BackendType.NoticeResponse, whole: false);
        Ready();
        Assert.True(_link.CanRelease);
        _link.Received(BackendType.NoticeResponse, whole: false);
        Assert.False(_link.CanRelease);
        _link.ReceivedLastPiece();
        _link.CancelSent();
        Assert.False(_link.CanRelease);
        _link.CancelClosed();
        Assert.True(_link.CanRelease);
    }

    [Theory]
    [InlineData(BackendType.ReadyForQuery)]
    [InlineData(BackendType.DataRow)]
    [InlineData(BackendType.CopyData)]
    [InlineData(BackendType.BackendKeyData)]
    public void What_was_not_asked_for_is_a_breach(BackendType type)
    {
        Assert.Equal(Addressee.Breach, _link.Received(type));
        Assert.False(_link.CanRelease);
    }

    [Fact]
    public void The_last_word_of_a_server_that_ends_is_nobodys_answer()
    {
        Assert.Equal(Addressee.Anyone, _link.Received(BackendType.ErrorResponse));
        Assert.False(_link.CanRelease);
    }

    private void Ready(TransactionStatus status = TransactionStatus.Idle) => _link.Received(BackendType.ReadyForQuery, status);
}
