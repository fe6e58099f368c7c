using Akka.Actor;

namespace Broker.Client.Protocol.Serialization;

/// <summary>References of one message as paths, numbered from 1 as they come.</summary>
internal sealed class PathTable : IReferenceTable
{
    private readonly ExtendedActorSystem _system;
    private readonly List<string> _paths = [];

    /// <summary>An empty one.</summary>
    internal PathTable(ExtendedActorSystem system) => _system = system;

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static PathTable Read(MessageReader reader, ExtendedActorSystem system)
    {
        var table = new PathTable(system);
        for (var left = reader.ReadCount(1); left > 0; left--)
            table._paths.Add(reader.ReadText());
        return table;
    }

    /// <inheritdoc/>
    public long NumberOf(IActorRef reference)
    {
        if (reference is not IInternalActorRef { IsLocal: true })
            return 0;
        _paths.Add(reference.Path.ToSerializationFormatWithAddress(_system.Provider.DefaultAddress));
        return _paths.Count;
    }

    /// <inheritdoc/>
    public IActorRef Find(long number)
    {
        if (number < 1 || number > _paths.Count || !ActorPath.TryParse(_paths[(int)number - 1], out var path))
            return ActorRefs.Nobody;
        return path.Address == _system.Provider.DefaultAddress
            && _system.Provider.ResolveActorRef(path) is IInternalActorRef { IsLocal: true } found
            ? found : ActorRefs.Nobody;
    }

    /// <summary>Writes the paths of all references that were numbered.</summary>
    internal void Write(MessageWriter writer)
    {
        writer.WriteVar((uint)_paths.Count);
        foreach (var path in _paths)
            writer.WriteText(path);
    }
}
