using Broker.Gateway.Sockets;

namespace Broker.Gateway.Exchanges;

/// <summary>Moves what the server has sent into an <see cref="Exchange"/>: for whoever has the link.</summary>
internal static class ServerReading
{
    /// <summary>Reads what there is, but no more than a turn allows: for the rest the port is signalled.</summary>
    /// <param name="exchange">What it is for.</param>
    /// <param name="turn">How many bytes a turn may read.</param>
    /// <param name="decides">Whether the server has said that it is ready.</param>
    internal static InputState Read(Exchange exchange, int turn, out bool decides)
    {
        decides = false;
        var (input, channel) = (exchange.Link.Input, exchange.Link.Channel);
        while (true)
        {
            while (input.TryTake(out var frame))
            {
                decides |= exchange.FromServer(frame);
            }
            if (input.Reader.Error is not null || exchange.IsBroken)
            {
                return InputState.Garbled;
            }
            if (turn <= 0)
            {
                channel.Port.Signal();
                return InputState.TurnOver;
            }
            var count = input.Fill(channel);
            if (count <= 0)
            {
                input.LetGo();
                return count < 0 ? InputState.Ended : InputState.Drained;
            }
            turn -= count;
        }
    }
}
