using System.Security.Cryptography;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Prepared;

/// <summary>
/// The columns of a prepared statement's result, as far as the server itself compares them when a plan is made anew: names, types and
/// modifiers, not the tables they are from. Compared by content.
/// </summary>
internal sealed class ResultShape : IEquatable<ResultShape>
{
    /// <summary>No result.</summary>
    internal static readonly ResultShape Empty = new([]);

    private readonly byte[] _hash;

    private ResultShape(byte[] hash) => _hash = hash;

    /// <summary>Of the body of a RowDescription; null when it is none.</summary>
    internal static ResultShape? Of(ReadOnlyMemory<byte> body)
    {
        if (BackendMessages.Read((byte)BackendType.RowDescription, body, out _) is not RowDescription description)
        {
            return null;
        }
        var writer = new WireWriter();
        foreach (var field in description.Fields)
        {
            writer.Text(field.Name);
            writer.Int32((int)field.Type);
            writer.Int32(field.TypeModifier);
        }
        return new(SHA256.HashData(writer.Written.Span));
    }

    public bool Equals(ResultShape? other) => other is not null && _hash.AsSpan().SequenceEqual(other._hash);

    public override bool Equals(object? obj) => Equals(obj as ResultShape);

    public override int GetHashCode() => _hash is [var first, ..] ? first : 0;
}
