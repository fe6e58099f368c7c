using System.Collections.Frozen;
using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>The form of a value that is one of several records: its manifest, then its body.</summary>
internal sealed class Family<T> : WireForm<T> where T : class
{
    private readonly FrozenDictionary<Type, RecordForm> _byType;
    private readonly FrozenDictionary<int, RecordForm> _byKey;

    /// <summary>A family of these; throws when two have one manifest.</summary>
    internal Family(params ReadOnlySpan<RecordForm> members)
    {
        Members = [.. members];
        _byType = Members.ToFrozenDictionary(static member => member.Type);
        _byKey = Members.ToDictionary(static member => member.Key).ToFrozenDictionary();
    }

    /// <summary>Those of them that are of these types.</summary>
    internal Family<T> Only(IEnumerable<Type> types) => new([.. Members.Where(member => types.Contains(member.Type))]);

    /// <summary>All of them.</summary>
    internal ImmutableArray<RecordForm> Members { get; }

    /// <inheritdoc/>
    internal override int LeastBytes => 2;

    internal override void Write(MessageWriter writer, T value)
    {
        if (!_byType.TryGetValue(value.GetType(), out var member))
            throw new UnsendableException(new ResultMismatch($"{value.GetType().Name} is no message that may leave the process"));
        Manifest.Write(writer, member.Key);
        member.WriteAny(writer, value);
    }

    internal override T Read(MessageReader reader)
    {
        var key = Manifest.Read(reader);
        return _byKey.TryGetValue(key, out var member) ? (T)member.ReadAny(reader)
            : throw new MalformedMessageException($"no {typeof(T).Name} has the manifest {key:x}");
    }
}
