using System.Text;
using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>What the texts of a pool leave in a session. What is not provably free of traces is taken to leave some. Owned by one actor.</summary>
internal sealed class SessionTraces
{
    private const int Capacity = 4096;
    private const int LongestText = 16 * 1024;

    private readonly Dictionary<WireText, SessionTrace> _known = [];

    /// <summary>Of a text.</summary>
    internal SessionTrace Of(ReadOnlySpan<byte> text)
    {
        if (text.Length > LongestText)
        {
            return SessionTrace.Unknown;
        }
        if (_known.TryGetValue(new WireText(text.ToArray()), out var known))
        {
            return known;
        }
        if (_known.Count >= Capacity)
        {
            _known.Clear();
        }
        return _known[new WireText(text.ToArray())] = Read(Encoding.UTF8.GetString(text));
    }

    private static SessionTrace Read(string text)
    {
        var shape = StatementShape.Of(text);
        if (shape.Statements > 1)
        {
            return SessionTrace.Unknown;
        }
        return shape.Verb switch
        {
            StatementVerb.None or StatementVerb.Begin or StatementVerb.Commit or StatementVerb.Rollback or StatementVerb.Savepoint or StatementVerb.Release
                or StatementVerb.Show or StatementVerb.Notify or StatementVerb.Copy => SessionTrace.None,
            StatementVerb.Select or StatementVerb.Values or StatementVerb.Insert or StatementVerb.Update or StatementVerb.Delete =>
                shape.Names.Any(static name => name.Value.HasFlag(NameUse.Called)) ? SessionTrace.Unknown : SessionTrace.None,
            StatementVerb.Set or StatementVerb.Reset => SettingText.Read(text),
            _ => SessionTrace.Unknown,
        };
    }
}
