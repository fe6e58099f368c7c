using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Event;

namespace Broker.Tests.Errands.Server;

/// <summary>Keeps the warnings of one actor system.</summary>
internal sealed class KeptWarnings
{
    internal ConcurrentQueue<string> Texts { get; } = new();

    internal static Props Keeper(KeptWarnings kept) => Props.Create(() => new KeeperActor(kept));

    private sealed class KeeperActor : UntypedActor
    {
        private readonly KeptWarnings _kept;

        public KeeperActor(KeptWarnings kept) => _kept = kept;

        protected override void OnReceive(object message)
        {
            if (message is Warning warning)
            {
                _kept.Texts.Enqueue($"{warning.Message}");
            }
        }
    }
}
