using Akka.Actor;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Shares;
using Broker.Gateway.Sockets;
using Broker.PgWire.Messages.Backend;

namespace Broker.Gateway.Clients;

/// <summary>
/// Applies the settings that a client wishes to a link, so that it is refused at once when it wishes what cannot be, as the server would.
/// It owns the link while it goes on.
/// </summary>
internal sealed class SettingsTrial
{
    private readonly ExchangeBuffers _buffers;
    private readonly IActorRef _share;
    private readonly Exchange _exchange;
    private bool _returned;

    internal SettingsTrial(ClientMemory client, WireLink link, ShareFound share)
    {
        (_buffers, _share) = (share.Buffers, share.Share);
        _exchange = new(client, link, share.Buffers, forbidsBlocks: false);
    }

    /// <summary>The link.</summary>
    internal WireLink Link => _exchange.Link;

    /// <summary>Why they could not be applied; null when they could.</summary>
    internal ErrorResponse? Failed => _exchange.TuningFailed;

    /// <summary>Begins. True when there is nothing to apply.</summary>
    internal bool Begin()
    {
        _buffers.Begin();
        _exchange.Tune();
        Link.Channel.Write(_buffers.ToServer.Written.Span);
        _buffers.ToServer.Clear();
        return IsOver();
    }

    /// <summary>The link's port is ready. Null when the server has gone.</summary>
    internal bool? Hear(int turn) => ServerReading.Read(_exchange, turn, out _) is InputState.Ended or InputState.Garbled ? null : IsOver();

    /// <summary>Gives the link back; nothing when it is back.</summary>
    internal void Return(LinkCondition condition)
    {
        if (_returned)
        {
            return;
        }
        _returned = true;
        Link.ReturnTo(_share, condition);
    }

    private bool IsOver()
    {
        if (_exchange.IsTuning)
        {
            return false;
        }
        Return(Failed is null && Link.Use.CanRelease ? LinkCondition.Clean : LinkCondition.Dirty);
        return true;
    }
}
