using Broker.Gateway.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Clients;

/// <summary>What a client sends, message by message; one that cannot be taken yet is kept, and comes first again.</summary>
internal sealed class Intake
{
    private readonly FrameInput _input;
    private Frame _kept;
    private bool _keeps;

    internal Intake(FrameInput input) => _input = input;

    /// <summary>Whether nothing more is to be had without reading.</summary>
    internal bool IsEmpty => !_keeps && _input.Unread == 0;

    /// <summary>Whether all messages that have begun are taken.</summary>
    internal bool IsQuiet => !_keeps && IsBetweenMessages;

    private bool IsBetweenMessages => _input.Reader.IsBetweenMessages;

    /// <summary>
    /// Hands on what there is and can be taken, no more in one go than a turn allows: for the rest the port is signalled.
    /// </summary>
    /// <param name="channel">Where from.</param>
    /// <param name="turn">How many bytes a turn may read.</param>
    /// <param name="canTake">Whether there is somebody to take the next one.</param>
    /// <param name="take">Takes one, which is there up to the next. False: it is kept.</param>
    internal InputState Read(Channel channel, int turn, Func<bool> canTake, Func<Frame, bool> take)
    {
        while (canTake())
        {
            if (_keeps || _input.TryTake(out _kept))
            {
                _keeps = !take(_kept);
                if (_keeps)
                {
                    return InputState.Stopped;
                }
                continue;
            }
            if (_input.Reader.Error is not null)
            {
                return InputState.Garbled;
            }
            if (turn <= 0)
            {
                channel.Port.Signal();
                return InputState.TurnOver;
            }
            var count = _input.Fill(channel);
            if (count <= 0)
            {
                _input.LetGo();
                return count < 0 ? InputState.Ended : InputState.Drained;
            }
            turn -= count;
        }
        return InputState.Stopped;
    }

    /// <summary>What is there, from the first byte of a message on; nothing where that cannot be said.</summary>
    internal ReadOnlySpan<byte> Peek => _keeps || !IsBetweenMessages ? [] : _input.Peek;

    /// <summary>So many bytes, whole messages, are taken otherwise.</summary>
    internal void Skip(int bytes) => _input.Skip(bytes);

    /// <summary>They are not after all.</summary>
    internal void PutBack(int bytes) => _input.PutBack(bytes);

    /// <summary>Why what came is no message.</summary>
    internal string Problem => _input.Reader.Error?.Text ?? "";

    /// <summary>
    /// Whether the client was told of an error in a series that it has not ended: what it sends is passed over up to its Sync.
    /// </summary>
    internal bool SkipsToSync { get; set; }

    /// <summary>The one that is kept is answered by an error, as the server would have done.</summary>
    internal void Refuse(ErrorResponse error, WireWriter answer)
    {
        error.Write(answer);
        SkipsToSync = (FrontendType)_kept.Type is not (FrontendType.Query or FrontendType.FunctionCall);
        if (!SkipsToSync)
        {
            new ReadyForQuery(TransactionStatus.Idle).Write(answer);
        }
        (_keeps, _kept) = (false, default);
    }
}
