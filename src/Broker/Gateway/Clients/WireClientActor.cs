using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Gateway.Errands;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Loops;
using Broker.Gateway.Reports;
using Broker.Gateway.Shares;
using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;

namespace Broker.Gateway.Clients;

/// <summary>
/// A client that was let in. It owns the client's socket, and a link's while it has one: then it moves the bytes both ways itself, through
/// an <see cref="Exchange"/>, and gives the link back when the release rule allows it. It talks to the share of its pool and to nobody
/// else. Ready → Errand → (InTransaction) → Ready ... → Closing; in session mode Pinned, once it has a link. When it dies a cleaner has it.
/// </summary>
internal sealed class WireClientActor : UntypedActor
{
    private readonly GatewayPlan _plan;
    private readonly ClientFace _face;
    private readonly ClientMemory _memory;
    private readonly ExchangeBuffers _buffers;
    private readonly IActorRef _share;
    private readonly Channel _channel;
    private readonly Intake _intake;
    private readonly ClientErrands _errands;
    private readonly HeldBegin _begin;
    private readonly Func<bool> _canTake;
    private readonly Func<Frame, bool> _take;
    private readonly ClientClock? _clock;
    private readonly ShareTelemetry _telemetry;
    private ClientPhase? _shown;
    private Exchange? _exchange;
    private Failure? _closeWhenFree;
    private bool _isWaiting, _closing;

    public WireClientActor(GatewayPlan plan, ExchangeBuffers buffers, ClientEntered client)
    {
        (_plan, _face, _memory, _buffers, _share, _channel) = (plan, client.Face, client.Memory, buffers, client.Share, client.Channel);
        client.Input.Reader.Limits = FrameLimits.Frontend;
        (_intake, _canTake, _take) = (new(client.Input), CanTake, Take);
        (_errands, _begin) = (new(client.Memory, _intake, Self, plan.Time), new(plan.Settings, client.Face.Mode, client.Memory));
        (_clock, _telemetry) = (ClientClock.Start(plan.Settings.Timeouts, plan.Time), client.Telemetry);
    }

    /// <summary>How to make one.</summary>
    internal static Props For(GatewayPlan plan, ExchangeBuffers buffers, ClientEntered client) =>
        Props.Create(() => new WireClientActor(plan, buffers, client));

    private ClientPhase Phase => ClientPhases.Of(_closing, _isWaiting || _errands.IsUnderWay, _exchange is not null, Status, _face.Mode);
    private TransactionStatus Status => _exchange?.Status ?? _begin.Status;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _plan.Supervisor.Tell(new KeyTaken(_face.Key, Self), ActorRefs.NoSender);
        _telemetry.ClientIs(ref _shown, ClientPhase.Ready);
        _channel.GiveTo(Self);
        _channel.Port.Signal();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        _buffers.Begin();
        switch (message)
        {
            case PortReady(var port) when port == _channel.Port: OnClientReady(); Tick(); break;
            case PortReady(var port) when port == _exchange?.Link.Channel.Port:
                port.Look();
                OnLinkReady(_exchange);
                Tick();
                break;
            case ErrandAnswered answered: OnAnswered(answered); Tick(); break;
            case LinkLent lent: OnLent(lent.Link); break;
            case LookAtClock when _clock?.Overrun() is var (state, text): End(ErrorReports.Fatal(state, text)); break;
            case Refused refused when _isWaiting: OnRefused(refused.Failure); break;
            case CancelClient(var asker): OnCancel(asker); break;
            case LinkRecalled recalled when _exchange?.Link == recalled.Link: End(new ConnectionLost(_face.Pool, recalled.Reason)); break;
            case CloseClient close: OnClose(close.Failure); break;
            case ShareEnded ended when ended.Share.Equals(_share): End(ended.Failure); break;
            // about what it had a moment ago, or never
            case PortReady or LinkRecalled or ShareEnded or LookAtClock or Refused: break;
            default: Unhandled(message); break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        if (_exchange is { } exchange)
        {
            Return(exchange, exchange.IsBroken ? LinkCondition.Broken : LinkCondition.Dirty);
        }
        _share.Tell(new ShareCommands.LeaveLine(Self, HasEnded: true), ActorRefs.NoSender);
        Context.GetLogger().Debug("Client {Client} is gone, in state {Phase}", _face, Phase);
        _telemetry.ClientIs(ref _shown, null);
        _memory.Statements?.End();
        _channel.Close();
        _plan.Supervisor.Tell(new ClientLeft(_face.Key), ActorRefs.NoSender);
    }

    private void Tick() =>
        _clock?.Update(_isWaiting || _errands.IsUnderWay || _exchange?.Outstanding > 0, Status is not TransactionStatus.Idle);

    private void OnClientReady()
    {
        _channel.Port.Look();
        if (_closing)
        {
            StopWhenSent();
            return;
        }
        if (_channel.Backlog == 0 && _exchange is { } exchange && exchange.Link.Channel.IsReadable)
        {
            // It had been read too slowly, and the server was not read for that.
            OnLinkReady(exchange);
        }
        ReadClient();
    }

    /// <summary>Takes what the client sends while there is somebody to take it. Who waits is not read.</summary>
    private void ReadClient()
    {
        switch (_closing ? InputState.Stopped : _intake.Read(_channel, _plan.Settings.Buffer.Turn, _canTake, _take))
        {
            case InputState.Garbled: End(ErrorReports.Fatal("08P01", _intake.Problem)); break;
            case InputState.Stopped when _exchange is null && _channel.Port.IsGone:
            case InputState.Ended: Flush(); Context.Stop(Self); break;
            default:
                Flush();
                // nothing answers the last piece of a message that the server passes over, as data of a COPY that it has refused
                if (_exchange is { IsQuiet: true } quiet)
                {
                    Decide(quiet);
                    Flush();
                }
                break;
        }
    }

    private bool CanTake()
    {
        if (_closing || _isWaiting || _errands.IsUnderWay)
        {
            return false;
        }
        if (_exchange is { } exchange)
        {
            return !exchange.IsTuning && exchange.Link.Channel.Backlog < _plan.Settings.Buffer.Backlog
                && !(_face.Mode is PoolMode.Statement && exchange.IsBusy);
        }
        if (_intake.SkipsToSync || _begin.IsHeld || _face.Mode is PoolMode.Session || _errands.Next() is not { } errand)
        {
            return true;
        }
        _share.Tell(errand, ActorRefs.NoSender);
        return false;
    }

    private void OnAnswered(ErrandAnswered answered)
    {
        if (!_errands.Answered(answered))
        {
            return;
        }
        if (answered.Answer is { } answer)
        {
            _channel.Write(answer.Span);
            CloseIfAsked();
        }
        ReadClient();
    }

    /// <summary>Takes one message, or piece. False when it has to be given again later.</summary>
    private bool Take(Frame frame)
    {
        if (_exchange is { } exchange)
        {
            return (FrontendType)frame.Type is FrontendType.Terminate ? Leave() : Give(exchange, frame);
        }
        if (!frame.IsFirst)
        {
            // the rest of something that nobody wants any more
            return true;
        }
        switch (IdleMessages.Decide((FrontendType)frame.Type, _intake.SkipsToSync))
        {
            case Idleness.Leaves:
                return Leave();
            case Idleness.IsReady:
                _intake.SkipsToSync = false;
                new ReadyForQuery(Status).Write(_buffers.ToClient);
                return true;
            case Idleness.WantsLink when _begin.Takes(frame, _buffers.ToClient)
                || (!_begin.IsHeld && IdleReset.Takes(frame, _memory, _buffers.ToClient)):
                return true;
            case Idleness.WantsLink:
                _isWaiting = true;
                _share.Tell(_errands.Want, ActorRefs.NoSender);
                return false;
            default:
                return true;
        }
    }

    private bool Give(Exchange exchange, in Frame frame)
    {
        var taken = exchange.FromClient(frame, out var error);
        if (error is not null)
        {
            End(ErrorReports.Fatal("08P01", error.Text));
        }
        return taken;
    }

    private bool Leave()
    {
        _closing = true;
        Context.Stop(Self);
        return true;
    }

    private void OnLent(WireLink link)
    {
        var wanted = _isWaiting && !_closing;
        if (!wanted || link.Channel.IsReadable)
        {
            link.PassOver(_share, wanted ? _errands.Want : null);
            return;
        }
        _isWaiting = false;
        _exchange = new(_memory, link, _buffers, forbidsBlocks: _face.Mode is PoolMode.Statement);
        _exchange.Tune();
        _begin.SendBy(_exchange);
        ReadClient();
    }

    private void OnClose(Failure failure)
    {
        _closeWhenFree = failure;
        if (_exchange is { } exchange ? exchange.IsQuiet && _intake.IsQuiet : !_errands.IsUnderWay)
        {
            End(failure);
        }
    }

    private void OnRefused(Failure failure)
    {
        _isWaiting = false;
        // of a transaction that cannot be, nothing tells it but the end
        if (_begin.IsHeld || failure is BrokerStopping)
        {
            End(failure);
            return;
        }
        _errands.RanAlone();
        _intake.Refuse(ErrorReports.Error(failure), _buffers.ToClient);
        ReadClient();
    }

    private void OnLinkReady(Exchange exchange)
    {
        var decides = false;
        if (_channel.Backlog < _plan.Settings.Buffer.Backlog
            && ServerReading.Read(exchange, _plan.Settings.Buffer.Turn, out decides) is InputState.Ended or InputState.Garbled)
        {
            Lose(exchange);
            return;
        }
        if (decides)
        {
            Decide(exchange);
        }
        Flush();
        if (!_intake.IsEmpty || _channel.IsReadable)
        {
            ReadClient();
        }
    }

    /// <summary>The server is ready, or was sent something: the link goes back if it may, before the client can know that.</summary>
    private void Decide(Exchange exchange)
    {
        if (exchange.TuningFailed is { } failed)
        {
            End(ErrorReports.Fatal(failed.SqlState, $"the settings of this session cannot be applied: {failed.Text}"));
            return;
        }
        if (exchange.IsQuiet && _intake.IsQuiet)
        {
            if (_face.Mode is PoolMode.Session)
                exchange.Restore();
            else
                Return(exchange, exchange.Condition);
            CloseIfAsked();
        }
    }

    private void CloseIfAsked()
    {
        if (_closeWhenFree is { } failure)
        {
            End(failure);
        }
    }

    private void Return(Exchange exchange, LinkCondition condition)
    {
        _exchange = null;
        _errands.RanAlone();
        exchange.Link.ReturnTo(_share, condition);
    }

    /// <summary>The server has ended the connection: what was under way is lost, and the client told so unless the server has.</summary>
    private void Lose(Exchange exchange)
    {
        var words = ErrorReports.Lost(_face.Pool, exchange.Outstanding > 0);
        Return(exchange, LinkCondition.Broken);
        if (exchange.IsBroken)
        {
            // the server's own words are on their way
            Flush();
            StartClosing();
            return;
        }
        End(words);
    }

    private void OnCancel(IActorRef asker)
    {
        if (_exchange is { } exchange)
        {
            asker.Tell(new CancelPassed(exchange.Link.Actor), ActorRefs.NoSender);
            exchange.Link.Actor.Tell(new LinkCommands.Cancel(Self, asker), ActorRefs.NoSender);
            return;
        }
        if (_errands.IsUnderWay)
        {
            _errands.Drop(new Client.Protocol.Failures.Cancelled("by its client"), _buffers.ToClient);
            _share.Tell(new ShareCommands.LeaveLine(Self), ActorRefs.NoSender);
            ReadClient();
        }
        else if (_isWaiting)
        {
            _share.Tell(new ShareCommands.LeaveLine(Self), ActorRefs.NoSender);
            OnRefused(new Client.Protocol.Failures.Cancelled("while it waited for a server connection"));
        }
        asker.Tell(CancelOver.Instance, ActorRefs.NoSender);
    }

    private void Flush()
    {
        _buffers.Flush(_channel, _exchange?.Link.Channel);
        _telemetry.ClientIs(ref _shown, Phase);
    }

    private void End(Failure failure) => End(ErrorReports.Fatal(failure));

    private void End(ErrorResponse error)
    {
        if (_closing)
        {
            return;
        }
        Context.GetLogger().Info("Client {Client} is closed: {SqlState} {Cause}", _face, error.SqlState, error.Text);
        _buffers.ToServer.Clear();
        error.Write(_buffers.ToClient);
        Flush();
        StartClosing();
    }

    // What could not be sent yet is waited for, if the client reads it.
    private void StartClosing()
    {
        _closing = true;
        if (_exchange is { } exchange)
        {
            Return(exchange, exchange.IsBroken ? LinkCondition.Broken : LinkCondition.Dirty);
        }
        StopWhenSent();
    }

    private void StopWhenSent()
    {
        if (_channel.Backlog == 0)
        {
            Context.Stop(Self);
        }
    }
}
