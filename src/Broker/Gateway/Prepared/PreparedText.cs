using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.Gateway.Prepared;

/// <summary>
/// What a prepared statement is for a server: its text and the types that its client gave to the parameters. Two clients that prepared the same, under whatever names, share one
/// statement on a link. Compared by content.
/// </summary>
internal sealed class PreparedText : IEquatable<PreparedText>
{
    private readonly int _hash;

    internal PreparedText(WireText query, ImmutableArray<uint> parameterTypes)
    {
        (Query, ParameterTypes) = (query, parameterTypes);
        var hash = new HashCode();
        hash.Add(query);
        foreach (var type in parameterTypes)
        {
            hash.Add(type);
        }
        _hash = hash.ToHashCode();
    }

    internal WireText Query { get; }

    internal ImmutableArray<uint> ParameterTypes { get; }

    public bool Equals(PreparedText? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && Query == other.Query && ParameterTypes.AsSpan().SequenceEqual(other.ParameterTypes.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as PreparedText);

    public override int GetHashCode() => _hash;
}
