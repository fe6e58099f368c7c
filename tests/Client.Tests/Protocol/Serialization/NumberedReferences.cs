using Akka.Actor;
using Broker.Client.Protocol.Serialization;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>A table of references that are numbered as they come.</summary>
internal sealed class NumberedReferences : IReferenceTable
{
    private readonly List<IActorRef> _known = [];

    public long NumberOf(IActorRef reference)
    {
        if (!_known.Contains(reference))
            _known.Add(reference);
        return _known.IndexOf(reference) + 1;
    }

    public IActorRef Find(long number) => number >= 1 && number <= _known.Count ? _known[(int)number - 1] : ActorRefs.Nobody;
}

/// <summary>A reference to nothing that runs.</summary>
internal sealed class NamedReference(string name) : MinimalActorRef
{
    public override ActorPath Path { get; } = new RootActorPath(Address.AllSystems) / name;

    public override IActorRefProvider Provider => throw new NotSupportedException();
}
