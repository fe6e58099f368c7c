using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Dispatch.MessageQueues;

namespace Broker.Gateway.Loops;

/// <summary>
/// The mailbox of the actors of a loop: its messages are links of a chain, so one that is empty holds a single link. Akka's own has room
/// for 32 messages from the start, a kilobyte for each client that does nothing.
/// </summary>
internal sealed class LoopMailbox : MailboxType, IProducesMessageQueue<LoopMailbox.Chain>
{
    /// <summary>Its name in HOCON.</summary>
    internal static readonly string Type = typeof(LoopMailbox).AssemblyQualifiedName!;

    /// <summary>As Akka makes it.</summary>
    public LoopMailbox(Settings settings, Config config)
        : base(settings, config)
    {
    }

    public override IMessageQueue Create(IActorRef owner, ActorSystem system) => new Chain();

    /// <summary>
    /// Many write, one reads. Who writes puts its link at the end, and then ties it to the one before: between the two, what stands behind
    /// it is not seen yet. The writer schedules the mailbox when it has done both, so nothing is forgotten.
    /// </summary>
    internal sealed class Chain : IMessageQueue, IUnboundedMessageQueueSemantics
    {
        private Link _last;
        private Link _read;

        internal Chain() => _last = _read = new(default);

        public bool HasMessages => Volatile.Read(ref _read.Next) is not null;

        public int Count
        {
            get
            {
                var count = 0;
                for (var link = Volatile.Read(ref _read.Next); link is not null; link = Volatile.Read(ref link.Next))
                    count++;
                return count;
            }
        }

        public void Enqueue(IActorRef receiver, Envelope envelope)
        {
            var link = new Link(envelope);
            Volatile.Write(ref Interlocked.Exchange(ref _last, link).Next, link);
        }

        public bool TryDequeue(out Envelope envelope)
        {
            if (Volatile.Read(ref _read.Next) is not { } next)
            {
                envelope = default;
                return false;
            }
            envelope = next.Envelope;
            // it stays as the place to read from, and is not to keep its message
            next.Envelope = default;
            // and one that is old does not keep those behind it alive
            (_read.Next, _read) = (null, next);
            return true;
        }

        public void CleanUp(IActorRef owner, IMessageQueue deadletters)
        {
            while (TryDequeue(out var envelope))
                deadletters.Enqueue(owner, envelope);
        }

        private sealed class Link(Envelope envelope)
        {
            internal Envelope Envelope = envelope;

            internal Link? Next;
        }
    }
}
