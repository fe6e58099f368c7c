using System.Collections.Immutable;
using System.Data;
using System.Globalization;
using System.Text;
using Broker.Client.Protocol.Values;
using Broker.Client.Texts;

namespace Broker.Client.Ado.Writing;

/// <summary>Makes statements of a command: of its text, of what the text is, and of its parameters.</summary>
internal static class CommandWriter
{
    /// <summary>The statements of a command, in their order.</summary>
    /// <exception cref="InvalidOperationException">It has no text.</exception>
    internal static ImmutableArray<Statement> Write(string text, CommandType type, BrokerParameterCollection parameters)
    {
        // Where parameters are numbers the text is the server's as it stands, semicolons and all.
        if (type != CommandType.Text || text.Length == 0 || (parameters.Count > 0 && parameters.ArePositional))
            return [WriteOne(text, type, parameters)];
        return [.. CommandTemplate.Of(text).Statements.Select(one => one.Bind(parameters))];
    }

    /// <summary>The statement of a command that is one; semicolons in its text are the server's to refuse.</summary>
    /// <exception cref="InvalidOperationException">It has no text.</exception>
    internal static Statement WriteOne(string text, CommandType type, BrokerParameterCollection parameters) =>
        text.Length == 0 ? throw new InvalidOperationException("CommandText property has not been initialized")
        : type == CommandType.StoredProcedure ? Call(text, parameters)
        : type == CommandType.TableDirect ? new($"SELECT * FROM {text}")
        : CommandTemplate.Of(text).Whole().Bind(parameters);

    /// <summary>The columns of a statement's result, without a row.</summary>
    /// <exception cref="NotSupportedException">It is no query, so its columns are known only by running it.</exception>
    internal static Statement ColumnsOnly(Statement statement) => IsQuery(statement)
        ? statement with { Text = $"select * from ({statement.Text}\n) columns_only limit 0" }
        : throw new NotSupportedException("only the columns of a query can be had without running it: SELECT, VALUES, TABLE or WITH");

    /// <summary>Whether a statement begins as one that answers rows. A WITH may change some even so.</summary>
    internal static bool IsQuery(Statement statement)
    {
        var text = statement.Text.AsSpan();
        var at = 0;
        while (at < text.Length)
        {
            if (LiteralScanner.StartsComment(text, at))
                at = text[at] == '-' ? LiteralScanner.LineEnd(text, at)
                    : LiteralScanner.BlockComment(text, at) is >= 0 and var end ? end
                    : text.Length;
            else if (Characters.IsSpace(text[at]) || text[at] == '(')
                at++;
            else
                break;
        }

        var word = text[at..Characters.NameEnd(text, at)];
        return Is(word, "select") || Is(word, "values") || Is(word, "table") || Is(word, "with");
    }

    private static bool Is(ReadOnlySpan<char> word, string wanted) => word.Equals(wanted, StringComparison.OrdinalIgnoreCase);

    private static Statement Call(string procedure, BrokerParameterCollection parameters)
    {
        var text = new StringBuilder("CALL ").Append(procedure).Append('(');
        var values = ImmutableArray.CreateBuilder<Parameter>(parameters.Count);
        var named = false;
        for (var i = 0; i < parameters.Count; i++)
        {
            var name = parameters[i].BareName.ToString();
            if (named && name.Length == 0)
                throw new ArgumentException("a parameter without a name stands behind one that has a name");
            named = name.Length > 0;
            text.Append(i == 0 ? "" : ", ");
            if (named)
                text.Append('"').Append(name.Replace("\"", "\"\"", StringComparison.Ordinal)).Append("\" := ");
            var sent = parameters[i].ToSent(values.Count + 1);
            if (sent.Value is { } value)
                values.Add(value);
            text.Append(sent.Value is null ? "NULL" : string.Create(CultureInfo.InvariantCulture, $"${values.Count}"));
            text.Append(sent.Cast is null ? "" : $"::{sent.Cast}");
        }

        return new(text.Append(')').ToString(), values.ToImmutable());
    }
}
