using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.Gateway.Prepared;

/// <summary>
/// What a prepared statement is for a server: its text, the types that its client gave to the parameters, and the settings of the client
/// that have a say in what the text means. Two clients that prepared the same, under whatever names, share one statement on a link.
/// Compared by content.
/// </summary>
internal sealed class PreparedText : IEquatable<PreparedText>
{
    private readonly int _hash;

    /// <param name="query">The text.</param>
    /// <param name="parameterTypes">The types that its client gave.</param>
    /// <param name="meaning">
    /// The client's settings by which it is read (<see cref="ClientStatements.Meaning"/>); empty for one that has set nothing.
    /// </param>
    internal PreparedText(WireText query, ImmutableArray<uint> parameterTypes, string meaning = "")
    {
        (Query, ParameterTypes, Meaning) = (query, parameterTypes, meaning);
        var hash = new HashCode();
        hash.Add(query);
        hash.Add(meaning);
        foreach (var type in parameterTypes)
        {
            hash.Add(type);
        }
        _hash = hash.ToHashCode();
    }

    internal WireText Query { get; }

    internal ImmutableArray<uint> ParameterTypes { get; }

    internal string Meaning { get; }

    public bool Equals(PreparedText? other) =>
        ReferenceEquals(this, other)
        || (other is not null && _hash == other._hash && Query == other.Query && Meaning == other.Meaning && ParameterTypes.AsSpan()
            .SequenceEqual(other.ParameterTypes.AsSpan()));

    public override bool Equals(object? obj) => Equals(obj as PreparedText);

    public override int GetHashCode() => _hash;
}
