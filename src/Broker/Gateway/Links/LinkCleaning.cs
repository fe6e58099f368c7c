using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Links;

/// <summary>
/// Carries a <see cref="Cleaning"/> out on a link, as its port gets ready. What the server sends meanwhile is dropped as it comes.
/// </summary>
internal sealed class LinkCleaning
{
    private static readonly CopyFail ClientIsGone = new(WireText.Of("the client is gone"));
    private static readonly Query Rollback = new(WireText.Of("ROLLBACK"));
    private static readonly Query DiscardAll = new(WireText.Of("DISCARD ALL"));

    private readonly WireLink _link;
    private readonly int _turn;
    private readonly Action _cancel;
    private readonly Func<Frame, bool> _take;
    private readonly WireWriter _writer = new(32);
    private Cleaning _cleaning;

    /// <param name="link">Whose port belongs to whoever cleans.</param>
    /// <param name="discard">Whether the session is to be made as new.</param>
    /// <param name="turn">How many bytes a turn may read.</param>
    /// <param name="cancel">Sends a request to cancel.</param>
    internal LinkCleaning(WireLink link, bool discard, int turn, Action cancel) =>
        (_link, _turn, _cancel, _take, _cleaning) = (link, turn, cancel, Take, new(link.Key is not null, discard));

    /// <summary>Reads what there is, and does what is next.</summary>
    internal CleaningState GoOn()
    {
        switch (_link.Input.Read(_link.Channel, _turn, _take))
        {
            case InputState.Ended:
                return CleaningState.ServerGone;
            case InputState.Garbled:
                return CleaningState.GivenUp;
        }
        while (true)
        {
            var step = _cleaning.Next(_link.Use);
            switch (step)
            {
                case CleaningStep.Wait:
                    return CleaningState.GoesOn;
                case CleaningStep.Release:
                    return CleaningState.Done;
                case CleaningStep.GiveUp:
                    return CleaningState.GivenUp;
            }
            // before it is done: it may be over at once
            _cleaning = _cleaning.After(step);
            Do(step);
        }
    }

    /// <summary>What is under way has not ended by the last request to cancel.</summary>
    internal void CancelAgain() => _cleaning = _cleaning.CancelAgain();

    /// <summary>What has become of a request to cancel will never be known.</summary>
    internal void CancelLost() => _cleaning = _cleaning.CancelLost();

    private bool Take(Frame frame)
    {
        if (Hearing.Take(_link, frame) is { } type)
        {
            if (_cleaning.HasDiscarded(type))
            {
                _link.Statements.Clear();
                _link.Applied = _link.Applied.Clear();
            }
            _cleaning = _cleaning.Heard(type);
        }
        return true;
    }

    private void Do(CleaningStep step)
    {
        switch (step)
        {
            case CleaningStep.Cancel:
                _cancel();
                break;
            case CleaningStep.Sync:
                _link.Statements.NextSeries();
                Send(Sync.Instance, FrontendType.Sync, Accounts.None);
                break;
            case CleaningStep.FailCopy:
                Send(ClientIsGone, FrontendType.CopyFail, Accounts.None);
                break;
            case CleaningStep.EndSeries or CleaningStep.Rollback:
                SendQuery(Rollback);
                break;
            case CleaningStep.Discard:
                SendQuery(DiscardAll);
                break;
        }
    }

    // which ends the unnamed statement, whatever it says, and a series
    private void SendQuery(Query query)
    {
        _link.Statements.BecomeUnnamed(null);
        Send(query, FrontendType.Query, Accounts.Link);
    }

    private void Send(IFrontendMessage message, FrontendType type, Accounts accounts)
    {
        _writer.Clear();
        message.Write(_writer);
        _link.Use.Sent(type, hidden: true, accounts: accounts);
        _link.Channel.Write(_writer.Written.Span);
    }
}

/// <summary>Where a cleaning has come to.</summary>
internal enum CleaningState
{
    /// <summary>It goes on.</summary>
    GoesOn,

    /// <summary>The link is fit for the next.</summary>
    Done,

    /// <summary>It cannot be saved.</summary>
    GivenUp,

    /// <summary>The server has closed it.</summary>
    ServerGone,
}
