using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
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
/// A client that was let in. It owns the client's socket, and a link's while it has one: then it moves the bytes both ways itself, through an <see cref="Exchange"/>, and gives the link back when
/// the release rule allows it. It talks to the share of its pool and to nobody else. Ready → Errand → (InTransaction) → Ready ... → Closing; in session mode Pinned, once it has a link. When it
/// dies the link goes to the cleaner, and the socket is closed.
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
    private readonly Func<bool> _canTake;
    private readonly Func<Frame, bool> _take;
    private readonly ShareCommands.WantLink _want;
    private Exchange? _exchange;
    private bool _isWaiting;
    private bool _skipsToSync;
    private bool _closing;
    private Failure? _closeWhenFree;

    public WireClientActor(GatewayPlan plan, ExchangeBuffers buffers, ClientEntered client)
    {
        (_plan, _face, _memory, _buffers, _share, _channel) = (plan, client.Face, client.Memory, buffers, client.Share, client.Channel);
        client.Input.Reader.Limits = FrameLimits.Frontend;
        (_intake, _canTake, _take) = (new(client.Input), CanTake, Take);
        _want = new(Self);
    }

    /// <summary>How to make one.</summary>
    internal static Props For(GatewayPlan plan, ExchangeBuffers buffers, ClientEntered client) => Props.Create(() => new WireClientActor(plan, buffers, client));

    /// <summary>What it is doing.</summary>
    private ClientPhase Phase => _closing ? ClientPhase.Closing
        : _exchange is not { } exchange ? _isWaiting ? ClientPhase.Errand : ClientPhase.Ready
        : _face.Mode is PoolMode.Session ? ClientPhase.Pinned
        : exchange.Link.Use.Status is TransactionStatus.Idle ? ClientPhase.Errand : ClientPhase.InTransaction;

    private int MostBacklog => _plan.Settings.Buffer.Backlog;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _plan.Supervisor.Tell(new KeyTaken(_face.Key, Self), ActorRefs.NoSender);
        _channel.GiveTo(Self);
        _channel.Port.Signal();
    }

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PortReady(var port) when port == _channel.Port:
                port.Look();
                OnClientReady();
                break;
            case PortReady(var port):
                if (_exchange?.Link.Channel.Port == port)
                {
                    port.Look();
                    OnLinkReady();
                }
                break;
            case LinkLent lent: OnLent(lent.Link); break;
            case Refused refused: OnRefused(refused.Failure); break;
            case CancelClient: OnCancel(); break;
            case LinkRecalled recalled when _exchange?.Link == recalled.Link: End(new ConnectionLost(_face.Pool, recalled.Reason)); break;
            case LinkRecalled: break;
            case CloseClient close: OnClose(close.Failure); break;
            case ShareEnded ended when ended.Share.Equals(_share): End(ended.Failure); break;
            case ShareEnded: break;
            default: Unhandled(message); break;
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        if (_exchange is { } exchange)
        {
            Return(exchange, exchange.IsBroken ? LinkCondition.Broken : LinkCondition.Abandoned);
        }
        else if (_isWaiting)
        {
            _share.Tell(new ShareCommands.LeaveLine(Self), ActorRefs.NoSender);
        }
        Context.GetLogger().Debug("Client {Client} is gone", _face);
        _memory.Statements?.Clear();
        _channel.Close();
        _plan.Supervisor.Tell(new ClientLeft(_face.Key), ActorRefs.NoSender);
    }

    private void OnClientReady()
    {
        if (_closing)
        {
            if (_channel.Backlog == 0)
            {
                Context.Stop(Self);
            }
            return;
        }
        if (_channel.Backlog == 0 && _exchange is { } exchange && exchange.Link.Channel.IsReadable)
        {
            // It had been read too slowly, and the server was not read for that.
            OnLinkReady();
        }
        ReadClient();
    }

    /// <summary>Takes what the client sends, as long as there is somebody to take it.</summary>
    private void ReadClient()
    {
        switch (_closing ? InputState.Stopped : _intake.Read(_channel, _plan.Settings.Buffer.Turn, _canTake, _take))
        {
            case InputState.Garbled:
                End("08P01", _intake.Problem);
                break;
            case InputState.Ended:
                Context.Stop(Self);
                break;
            default:
                Flush();
                break;
        }
    }

    private bool CanTake() => !_closing && !_isWaiting && (_exchange is not { } exchange
        || (!exchange.IsTuning && exchange.Link.Channel.Backlog < MostBacklog && !(_face.Mode is PoolMode.Statement && exchange.Outstanding > 0)));

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
        switch (IdleMessages.Decide((FrontendType)frame.Type, _skipsToSync))
        {
            case Idleness.Leaves:
                return Leave();
            case Idleness.IsReady:
                _skipsToSync = false;
                new ReadyForQuery(TransactionStatus.Idle).Write(_buffers.ToClient);
                return true;
            case Idleness.WantsLink:
                _isWaiting = true;
                _share.Tell(_want, ActorRefs.NoSender);
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
            End("08P01", error.Text);
        }
        return taken;
    }

    private bool Leave()
    {
        Context.Stop(Self);
        _closing = true;
        return true;
    }

    private void OnLent(WireLink link)
    {
        if (!_isWaiting || _closing)
        {
            link.Channel.GiveTo(link.Actor);
            _share.Tell(new ShareCommands.LinkReturned(link, LinkCondition.Clean), ActorRefs.NoSender);
            return;
        }
        _isWaiting = false;
        _exchange = new(_memory, link, _buffers, forbidsBlocks: _face.Mode is PoolMode.Statement);
        _exchange.Tune();
        ReadClient();
    }

    private void OnClose(Failure failure)
    {
        if (_exchange is null)
        {
            End(failure);
        }
        else
        {
            _closeWhenFree = failure;
        }
    }

    private void OnRefused(Failure failure)
    {
        if (!_isWaiting)
        {
            return;
        }
        _isWaiting = false;
        if (failure is BrokerStopping)
        {
            End(failure);
            return;
        }
        Refuse(failure);
        ReadClient();
    }

    /// <summary>What the client has sent is answered by an error, as the server would have.</summary>
    private void Refuse(Failure failure)
    {
        ErrorReports.Error(failure).Write(_buffers.ToClient);
        if ((FrontendType)_intake.Kept.Type is FrontendType.Query or FrontendType.FunctionCall)
        {
            new ReadyForQuery(TransactionStatus.Idle).Write(_buffers.ToClient);
        }
        else
        {
            _skipsToSync = true;
        }
        _intake.Drop();
    }

    private void OnLinkReady()
    {
        if (_exchange is not { } exchange)
        {
            return;
        }
        var decides = false;
        if (_channel.Backlog < MostBacklog && ServerReading.Read(exchange, _plan.Settings.Buffer.Turn, out decides) is InputState.Ended or InputState.Garbled)
        {
            Lose(exchange);
            return;
        }
        if (decides)
        {
            Decide(exchange);
        }
        else
        {
            Flush();
        }
        // what waited for answers, or for room
        if (!_intake.IsEmpty || _channel.IsReadable)
        {
            ReadClient();
        }
    }

    /// <summary>The server is ready: the link goes back if it may, before the client can know that.</summary>
    private void Decide(Exchange exchange)
    {
        if (exchange.TuningFailed is { } failed)
        {
            End(ErrorReports.Fatal(failed.SqlState, $"the settings of this session cannot be applied: {failed.Text}"));
            return;
        }
        var use = exchange.Link.Use;
        if (_face.Mode is not PoolMode.Session && !exchange.IsTuning && exchange.Outstanding == 0 && use.IsAtRest && use.Status is TransactionStatus.Idle
            && !_intake.Keeps && _intake.IsBetweenMessages)
        {
            _exchange = null;
            Return(exchange, exchange.IsDirty ? LinkCondition.Dirty : use.CanRelease ? LinkCondition.Clean : LinkCondition.Abandoned);
            if (_closeWhenFree is { } failure)
            {
                End(failure);
                return;
            }
        }
        Flush();
    }

    private void Return(Exchange exchange, LinkCondition condition)
    {
        _exchange = null;
        exchange.Link.Channel.GiveTo(exchange.Link.Actor);
        _share.Tell(new ShareCommands.LinkReturned(exchange.Link, _face.Mode is PoolMode.Session && condition is LinkCondition.Clean ? LinkCondition.Dirty : condition), ActorRefs.NoSender);
    }

    /// <summary>The server has ended the connection: what the client had under way is lost with it, and it is told so unless the server has.</summary>
    private void Lose(Exchange exchange)
    {
        Return(exchange, LinkCondition.Broken);
        if (exchange.IsBroken)
        {
            // the server's own words are on their way
            Flush();
            StartClosing();
            return;
        }
        End(new ConnectionLost(_face.Pool, "the server closed the connection; whether what was under way took effect is not known"));
    }

    private void OnCancel()
    {
        if (_exchange is { } exchange)
        {
            exchange.Link.Actor.Tell(LinkCommands.Cancel.Instance, ActorRefs.NoSender);
        }
        else if (_isWaiting)
        {
            _isWaiting = false;
            _share.Tell(new ShareCommands.LeaveLine(Self), ActorRefs.NoSender);
            Refuse(new Client.Protocol.Failures.Cancelled("while it waited for a server connection"));
            ReadClient();
        }
    }

    private void Flush()
    {
        if (_exchange is { } exchange && !_buffers.ToServer.Written.IsEmpty)
        {
            exchange.Link.Channel.Write(_buffers.ToServer.Written.Span);
        }
        _buffers.ToServer.Clear();
        if (!_buffers.ToClient.Written.IsEmpty)
        {
            _channel.Write(_buffers.ToClient.Written.Span);
            _buffers.ToClient.Clear();
        }
    }

    private void End(Failure failure) => End(ErrorReports.Fatal(failure));

    private void End(string sqlState, string text) => End(ErrorReports.Fatal(sqlState, text));

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
            Return(exchange, exchange.IsBroken ? LinkCondition.Broken : LinkCondition.Abandoned);
        }
        if (_channel.Backlog == 0)
        {
            Context.Stop(Self);
        }
    }
}
