using Broker.Gateway.Links;
using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using Broker.PgWire.Tests.Releasing;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Clients that do as they like and vanish at any moment, from a server that does what PostgreSQL does.</summary>
public sealed class CleaningProperties
{
    private const int MostRounds = 500;

    private static readonly FrontendType[] Sendable =
        [.. Enum.GetValues<FrontendType>().Except([FrontendType.Terminate, FrontendType.AuthenticationResponse]), FrontendType.Sync,
            FrontendType.CopyDone];

    [Fact]
    public void Whatever_was_left_a_link_is_made_fit_or_given_up_and_never_given_on_while_the_server_is_not_free()
    {
        var (released, givenUp) = (0, 0);
        for (var seed = 0; seed < 20_000; seed++)
        {
            var history = new History(new Random(seed));
            history.BeUsed();
            if (history.Clean())
            {
                released++;
            }
            else
            {
                givenUp++;
            }
        }
        // chance has left nothing out
        Assert.True(released > 5_000 && givenUp > 500, $"{released} released, {givenUp} given up");
    }

    private sealed class History(Random random)
    {
        private readonly ModelServer _server = new(random);
        private readonly LinkUse _use = new();
        private readonly bool _discard = random.Next(2) == 0;
        private bool _discarded;
        private bool _isCut;

        internal void BeUsed()
        {
            for (var step = random.Next(40); step > 0; step--)
            {
                if (random.Next(2) == 0)
                {
                    Send(random.GetItems(Sendable, 1)[0], random.GetItems(Enum.GetValues<TargetKind>(), 1)[0]);
                }
                else
                {
                    ServerSteps();
                    Deliver(_ => { });
                }
            }
            _isCut = random.Next(20) == 0;
            if (_isCut)
            {
                _use.SentPiece();
            }
            if (random.Next(10) == 0)
            {
                _use.CancelSent();
            }
        }

        /// <summary>Whether it was made fit.</summary>
        internal bool Clean()
        {
            var cleaning = new Cleaning(CanCancel: random.Next(4) > 0, _discard);
            for (var round = 0; round < MostRounds; round++)
            {
                switch (cleaning.Next(_use))
                {
                    case CleaningStep.Wait:
                        Assert.True(_server.HasUnread || _server.HasUndelivered || _use.CancelsInFlight > 0 || _use.IsAwaiting,
                            "it waits for nothing");
                        break;
                    case CleaningStep.Release:
                        Assert.True(_server.IsFree && _use.CanRelease && _discarded == _discard && !_isCut);
                        return true;
                    case CleaningStep.GiveUp:
                        Assert.True(_use.IsDoubtful || _isCut, "it was given up without a reason");
                        return false;
                    case var step:
                        Do(step);
                        cleaning = cleaning.After(step);
                        continue;
                }
                if (_use.CancelsInFlight > 0 && random.Next(3) == 0)
                {
                    _use.CancelClosed();
                }
                ServerSteps();
                Deliver(type => cleaning = cleaning.Heard(type));
            }
            throw new InvalidOperationException("it never ends");
        }

        private void Do(CleaningStep step)
        {
            switch (step)
            {
                case CleaningStep.Cancel:
                    Assert.True(_use.IsAwaiting);
                    _use.CancelSent();
                    break;
                case CleaningStep.Sync:
                    Send(FrontendType.Sync, default);
                    break;
                case CleaningStep.FailCopy:
                    Send(FrontendType.CopyFail, default);
                    break;
                case CleaningStep.EndSeries:
                    _server.SendEndOfTransaction();
                    _use.Sent(FrontendType.Query, hidden: true);
                    break;
                case CleaningStep.Rollback or CleaningStep.Discard:
                    // a request to cancel would find it, or it would end what a client has begun
                    Assert.True(_use is { CancelsInFlight: 0, IsAtRest: true });
                    _discarded |= step is CleaningStep.Discard;
                    _server.SendEndOfTransaction();
                    _use.Sent(FrontendType.Query, hidden: true);
                    break;
            }
        }

        // as the gateway does: what the server does not hear is not sent
        private void Send(FrontendType type, TargetKind target)
        {
            if (_use.IsCopyIn && type is FrontendType.Sync or FrontendType.Flush)
            {
                return;
            }
            _server.Send(type, target);
            _use.Sent(type, target);
        }

        private void ServerSteps()
        {
            for (var steps = random.Next(3); steps > 0 && _server.HasUnread; steps--)
            {
                _server.Step();
            }
        }

        private void Deliver(Action<BackendType> heard)
        {
            for (var messages = random.Next(4); messages > 0 && _server.HasUndelivered; messages--)
            {
                var (type, status) = _server.Deliver();
                _use.Received(type, status);
                heard(type);
            }
        }
    }
}
