using System.Collections.Concurrent;
using Broker.Client;
using Broker.Client.Protocol.Failures;

namespace Broker.Host.Tests.Serving;

/// <summary>Writes and keeps what it was told of each write.</summary>
internal sealed class TellTale
{
    private readonly ConcurrentQueue<(string Kind, int Writer, int Number, Failure? Outcome)> _told = new();

    /// <summary>What was told of each write; null: done.</summary>
    internal IEnumerable<(string Kind, int Writer, int Number, Failure? Outcome)> All => _told;

    /// <summary>Writes one after the other until it is enough. Each has a number of its own, and is asked for once.</summary>
    internal async Task WriteAsync(string kind, int writer, Func<int, Task> write, CancellationToken enough)
    {
        for (var number = 0; !enough.IsCancellationRequested; number++)
        {
            try
            {
                await write(number);
                _told.Enqueue((kind, writer, number, null));
            }
            catch (BrokerException refused)
            {
                _told.Enqueue((kind, writer, number, refused.Failure));
            }
        }
    }
}
