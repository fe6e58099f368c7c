using System.Runtime.CompilerServices;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Sending;

namespace Broker.Client.Streaming;

/// <summary>Listens for as long as it is enumerated.</summary>
internal static class Listening
{
    internal static async IAsyncEnumerable<Notification> ReadAsync(
        StatementSender sender, string database, SendingTerms terms, string channel, [EnumeratorCancellation] CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var pool = await sender.Pools.FindAsync(database, terms.User).ConfigureAwait(false);
        var replies = new Replies(sender.Home, new BrokerStopping($"pool {pool.Pool}"));
        replies.Watch(pool.Supervisor);
        pool.Supervisor.Tell(new StartListening(channel), replies);
        try
        {
            while (true)
            {
                switch (await replies.NextAsync(cancellation).ConfigureAwait(false))
                {
                    case Notified notified:
                        yield return new(notified.Channel, notified.Payload, notified.SenderPid);
                        break;
                    case ListeningGap gap:
                        yield return new(gap.Channel, "", 0, Gap: true);
                        break;
                }
            }
        }
        finally
        {
            replies.Unwatch(pool.Supervisor);
            pool.Supervisor.Tell(new StopListening(channel), replies);
        }
    }
}
