using System.Diagnostics.CodeAnalysis;
using System.Text;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>
/// What is known of the texts of a pool. What is not provably free of traces is taken to leave some, and what is not provably a plain read never shares a round trip. Owned by one actor.
/// </summary>
internal sealed class TextVerdicts
{
    private const int Capacity = 4096;
    private const int LongestText = 16 * 1024;

    private static readonly TextVerdict TooLong = new(SessionTrace.Unknown, false, new());

    private readonly Dictionary<byte[], TextVerdict> _known = new(new BytesComparer());
    private readonly Dictionary<byte[], TextVerdict>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly byte[] _bare = new byte[LongestText];

    internal TextVerdicts() => _lookup = _known.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <summary>Of a text.</summary>
    internal TextVerdict Of(ReadOnlySpan<byte> text)
    {
        if (text.Length > LongestText)
        {
            return TooLong;
        }
        var length = BareText.Write(text, _bare);
        var key = length > 0 ? _bare.AsSpan(0, length) : text;
        if (_lookup.TryGetValue(key, out var known))
        {
            return known;
        }
        if (_known.Count >= Capacity)
        {
            _known.Clear();
        }
        return _lookup[key] = Read(Encoding.UTF8.GetString(text));
    }

    private static TextVerdict Read(string text)
    {
        var shape = StatementShape.Of(text);
        var trace = TraceOf(text, shape);
        var packs = !trace.IsDirty && shape.Verb is StatementVerb.Select && shape.Marks == ShapeMarks.None;
        return new(trace, packs, new());
    }

    private static SessionTrace TraceOf(string text, StatementShape shape) => shape.Statements > 1 ? SessionTrace.Unknown : shape.Verb switch
    {
        StatementVerb.None or StatementVerb.Begin or StatementVerb.Commit or StatementVerb.Rollback or StatementVerb.Savepoint or StatementVerb.Release
            or StatementVerb.Show or StatementVerb.Notify or StatementVerb.Copy => SessionTrace.None,
        StatementVerb.Select or StatementVerb.Values or StatementVerb.Insert or StatementVerb.Update or StatementVerb.Delete =>
            shape.Names.Any(static name => name.Value.HasFlag(NameUse.Called)) ? SessionTrace.Unknown : SessionTrace.None,
        StatementVerb.Set or StatementVerb.Reset => SettingText.Read(text),
        _ => SessionTrace.Unknown,
    };

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
