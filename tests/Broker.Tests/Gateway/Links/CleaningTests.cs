using Broker.Gateway.Links;
using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>What is done with a link that its user has left as it is.</summary>
public sealed class CleaningTests
{
    private readonly LinkUse _use = new();

    [Fact]
    public void A_link_at_rest_is_released_at_once() => Assert.Equal(["Release"], Steps(new(CanCancel: true, DiscardDue: false)));

    [Fact]
    public void A_session_is_made_as_new_only_when_that_is_asked_for_and_once()
    {
        var cleaning = new Cleaning(CanCancel: true, DiscardDue: true);
        Assert.Equal(["Discard", "Wait"], Steps(cleaning));
        cleaning = cleaning.After(CleaningStep.Discard);
        Assert.True(cleaning.HasDiscarded(BackendType.CommandComplete));
        Assert.Equal(["Release"], Steps(Answer(cleaning, BackendType.CommandComplete, BackendType.ReadyForQuery)));
    }

    [Fact]
    public void A_session_that_cannot_be_made_as_new_is_given_up()
    {
        var cleaning = new Cleaning(CanCancel: true, DiscardDue: true);
        Steps(cleaning);
        Assert.Equal(["GiveUp"], Steps(Answer(cleaning.After(CleaningStep.Discard), BackendType.ErrorResponse, BackendType.ReadyForQuery)));
    }

    [Fact]
    public void What_runs_is_cancelled_and_read_to_its_end_and_nothing_is_sent_before_the_request_has_been_heard()
    {
        _use.Sent(FrontendType.Query);
        var cleaning = new Cleaning(CanCancel: true, DiscardDue: false);
        Assert.Equal(["Cancel", "Wait"], Steps(cleaning));
        cleaning = Answer(cleaning.After(CleaningStep.Cancel), TransactionStatus.Failed, BackendType.ErrorResponse,
            BackendType.ReadyForQuery);
        Assert.Equal(["Wait"], Steps(cleaning));

        _use.CancelClosed();
        Assert.Equal(["Rollback", "Wait"], Steps(cleaning));
        Assert.Equal(["Release"],
            Steps(Answer(cleaning.After(CleaningStep.Rollback), BackendType.CommandComplete, BackendType.ReadyForQuery)));
    }

    [Fact]
    public void What_follows_in_a_pipeline_is_cancelled_in_its_turn_and_what_a_request_came_too_early_for_once_more()
    {
        _use.Sent(FrontendType.Query);
        _use.Sent(FrontendType.Query);
        var cleaning = new Cleaning(CanCancel: true, DiscardDue: false);
        Assert.Equal(["Cancel", "Wait"], Steps(cleaning));
        cleaning = cleaning.After(CleaningStep.Cancel);
        _use.CancelClosed();
        Assert.Equal(["Wait"], Steps(cleaning));

        cleaning = Answer(cleaning, BackendType.ErrorResponse, BackendType.ReadyForQuery);
        Assert.Equal(["Cancel", "Wait"], Steps(cleaning));
        cleaning = cleaning.After(CleaningStep.Cancel);
        _use.CancelClosed();
        Assert.Equal(["Cancel", "Wait"], Steps(cleaning.CancelAgain()));
    }

    [Fact]
    public void Without_a_key_it_is_only_waited_for()
    {
        _use.Sent(FrontendType.Query);
        Assert.Equal(["Wait"], Steps(new(CanCancel: false, DiscardDue: false)));
    }

    [Fact]
    public void A_series_that_was_left_open_is_rolled_back_and_nothing_is_cancelled()
    {
        _use.Sent(FrontendType.Parse);
        _use.Received(BackendType.ParseComplete);
        Assert.Equal(["EndSeries", "Wait"], Steps(new(CanCancel: true, DiscardDue: false)));
    }

    [Fact]
    public void A_series_that_is_being_answered_is_cancelled_and_then_skipped_to_its_end()
    {
        _use.Sent(FrontendType.Execute);
        var cleaning = new Cleaning(CanCancel: true, DiscardDue: false);
        Assert.Equal(["Cancel", "EndSeries", "Wait"], Steps(cleaning));
        _use.CancelClosed();
        Assert.Equal(["Sync", "Wait"], Steps(Answer(cleaning.After(CleaningStep.Cancel), BackendType.ErrorResponse)));
    }

    [Fact]
    public void A_COPY_that_waits_for_data_is_told_that_none_comes_and_is_not_cancelled()
    {
        _use.Sent(FrontendType.Query);
        _use.Received(BackendType.CopyInResponse);
        Assert.Equal(["FailCopy", "Wait"], Steps(new(CanCancel: true, DiscardDue: false)));
    }

    [Fact]
    public void A_COPY_of_a_series_needs_a_Sync_besides()
    {
        _use.Sent(FrontendType.Execute);
        _use.Received(BackendType.CopyInResponse);
        Assert.Equal(["FailCopy", "Sync", "Wait"], Steps(new(CanCancel: true, DiscardDue: false)));
    }

    [Fact]
    public void A_transaction_that_a_rollback_does_not_end_is_given_up()
    {
        _use.Sent(FrontendType.Query);
        var cleaning = Answer(new(CanCancel: true, DiscardDue: false), TransactionStatus.InTransaction, BackendType.CommandComplete,
            BackendType.ReadyForQuery);
        Assert.Equal(["Rollback", "Wait"], Steps(cleaning));
        cleaning = Answer(cleaning.After(CleaningStep.Rollback), TransactionStatus.InTransaction, BackendType.ErrorResponse,
            BackendType.ReadyForQuery);
        Assert.Equal(["GiveUp"], Steps(cleaning));
    }

    [Fact]
    public void A_message_that_was_cut_on_its_way_to_the_server_cannot_be_mended()
    {
        _use.SentPiece();
        Assert.Equal(["GiveUp"], Steps(new(CanCancel: true, DiscardDue: false)));
    }

    [Fact]
    public void A_message_that_was_cut_on_its_way_to_the_client_is_read_to_its_end()
    {
        _use.Sent(FrontendType.Query);
        _use.Received(BackendType.DataRow, whole: false);
        Assert.Equal(["Wait"], Steps(new(CanCancel: false, DiscardDue: false)));
    }

    [Fact]
    public void A_request_to_cancel_of_which_nothing_is_known_spoils_the_link()
    {
        _use.CancelSent();
        Assert.Equal(["Wait"], Steps(new(CanCancel: true, DiscardDue: false)));
        Assert.Equal(["GiveUp"], Steps(new Cleaning(CanCancel: true, DiscardDue: false).CancelLost()));
    }

    // up to the first that ends in itself
    private List<string> Steps(Cleaning cleaning)
    {
        var steps = new List<string>();
        while (true)
        {
            var step = cleaning.Next(_use);
            steps.Add(step.ToString());
            switch (step)
            {
                case CleaningStep.Wait or CleaningStep.Release or CleaningStep.GiveUp:
                    return steps;
                case CleaningStep.Cancel:
                    _use.CancelSent();
                    break;
                case CleaningStep.Sync:
                    _use.Sent(FrontendType.Sync, hidden: true);
                    break;
                case CleaningStep.FailCopy:
                    _use.Sent(FrontendType.CopyFail, hidden: true);
                    break;
                case CleaningStep.EndSeries or CleaningStep.Rollback or CleaningStep.Discard:
                    _use.Sent(FrontendType.Query, hidden: true);
                    break;
            }
            cleaning = cleaning.After(step);
        }
    }

    private Cleaning Answer(Cleaning cleaning, params BackendType[] types) => Answer(cleaning, TransactionStatus.Idle, types);

    private Cleaning Answer(Cleaning cleaning, TransactionStatus status, params BackendType[] types)
    {
        foreach (var type in types)
        {
            _use.Received(type, status);
            cleaning = cleaning.Heard(type);
        }
        return cleaning;
    }
}
