using System.Collections.Immutable;
using System.Text;
using Broker.Gateway.Links;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>
/// Asks the catalogue over a link, in one round trip: writes the questions, and makes answers of the rows. One error, and there are none.
/// </summary>
internal sealed class CatalogueTrip
{
    private const uint TextArray = 1009;
    private const int LongestRow = 64 * 1024 * 1024;

    // where each question stands among the statements: BEGIN, and two that set the path, are ahead
    private const int Ahead = 3;
    private const int Questions = 5;

    private readonly WireLink _link;
    private readonly ImmutableArray<CatalogueName> _names;
    private readonly ImmutableArray<string> _symbols;
    private readonly List<CatalogueRow>[] _rows = [.. Enumerable.Range(0, Questions).Select(static _ => new List<CatalogueRow>())];
    private readonly List<byte> _row = [];
    private int _statement;
    private bool _failed;

    internal CatalogueTrip(WireLink link, CatalogueQuestions questions) =>
        (_link, _names, _symbols) = (link, [.. questions.Names], [.. questions.Operators]);

    /// <summary>What the catalogue answered; null when it did not.</summary>
    internal CatalogueSnapshot? Answers { get; private set; }

    /// <summary>Writes the questions.</summary>
    internal void Write(WireWriter writer)
    {
        var (schemas, plain) = (ArrayOf(_names.Select(static name => name.Schema)), ArrayOf(_names.Select(static name => name.Name)));
        // the unnamed statement is none of a client's any more
        Write(writer, CatalogueSql.Begin, Accounts.Link);
        _link.Statements.BecomeUnnamed(null);
        Write(writer, CatalogueSql.KeepPath, Accounts.None);
        Write(writer, CatalogueSql.SystemPath, Accounts.None);
        Write(writer, CatalogueSql.Functions, Accounts.None, schemas, plain);
        Write(writer, CatalogueSql.Relations, Accounts.None, schemas, plain);
        Write(writer, CatalogueSql.Types, Accounts.None, schemas, plain);
        Write(writer, CatalogueSql.Operators, Accounts.None, ArrayOf(_symbols));
        Write(writer, CatalogueSql.BuiltInCasts, Accounts.None);
        Write(writer, CatalogueSql.Commit, Accounts.None);
        Sync.Instance.Write(writer);
        _link.Use.Sent(FrontendType.Sync);
        _link.Statements.NextSeries();
    }

    /// <summary>Takes a message of the server's, or a piece of one.</summary>
    internal void Take(Frame frame)
    {
        var type = Hearing.Take(_link, frame) ?? BackendType.DataRow;
        switch (type)
        {
            case BackendType.ErrorResponse:
                _failed = true;
                break;
            case BackendType.DataRow when _statement is >= Ahead and < Ahead + Questions && !_failed:
                Keep(frame);
                break;
            // what has no rows, and what is set ahead, is complete as well
            case BackendType.CommandComplete when !_link.Use.IsAnsweringHidden:
                _statement++;
                break;
            case BackendType.ReadyForQuery when _link.Use.IsAtRest && !_failed && _statement == Ahead + Questions + 1:
                Answers = CatalogueDecoder.Snapshot(_names, _symbols, new(_rows[0], _rows[1], _rows[2], _rows[3], _rows[4]));
                break;
        }
    }

    /// <summary>An array as the server reads it in text; names of schemas may be null.</summary>
    internal static string ArrayOf(IEnumerable<string?> items)
    {
        var text = new StringBuilder("{");
        foreach (var item in items)
        {
            text.Append(text.Length > 1 ? "," : "");
            if (item is null)
            {
                text.Append("NULL");
                continue;
            }
            text.Append('"').Append(item.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal))
                .Append('"');
        }
        return text.Append('}').ToString();
    }

    private void Write(WireWriter writer, string sql, Accounts accounts, params string[] arrays)
    {
        new Parse(WireText.Empty, WireText.Of(sql), [.. arrays.Select(static _ => TextArray)]).Write(writer);
        _link.Use.Sent(FrontendType.Parse, accounts: accounts);
        new Bind(WireText.Empty, WireText.Empty, [],
            [.. arrays.Select(static array => (ReadOnlyMemory<byte>?)Encoding.UTF8.GetBytes(array))], []).Write(writer);
        _link.Use.Sent(FrontendType.Bind);
        new Execute(WireText.Empty, 0).Write(writer);
        _link.Use.Sent(FrontendType.Execute);
    }

    // a view's text may be longer than what is held of a message
    private void Keep(in Frame frame)
    {
        foreach (var segment in frame.Body)
        {
            _row.AddRange(segment.Span);
        }
        _failed |= _row.Count > LongestRow;
        if (!frame.IsLast)
        {
            return;
        }
        if (BackendMessages.Read((byte)BackendType.DataRow, _row.ToArray(), out _) is DataRow row)
        {
            _rows[_statement - Ahead]
                .Add(new([.. row.Values.Select(static value => value is { } bytes ? Encoding.UTF8.GetString(bytes.Span) : null)]));
        }
        else
        {
            _failed = true;
        }
        _row.Clear();
    }
}
