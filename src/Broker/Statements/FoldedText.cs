using System.Globalization;
using System.Text;

namespace Broker.Statements;

/// <summary>
/// Rewrites a plain read so that one statement answers for many callers: the text runs once for each row of arrays that hold their
/// parameters, and each of its rows is led by the number of the caller it belongs to. What the text means is left to the server: it stands
/// whole inside, with <c>$n</c> replaced by a column of those arrays. OFFSET keeps the planner from pulling it up, so that each caller gets
/// the plan that a prepared statement would have given.
/// The arrays are behind a subquery so that the planner does not see their length: of a short one it would think that a plan made for it
/// alone is cheaper than the kept one, and plan anew at each execution, which costs several times what the reads cost.
/// </summary>
internal static class FoldedText
{
    // Names that no text of a caller may hold: a name of the text that exists nowhere must stay an error.
    private const string Name = "broker_fold";

    // A text may name a parameter that nobody could give; and what has very many is no short read.
    private const int MostParameters = 64;

    /// <summary>The text for any number of callers; null when it cannot be rewritten.</summary>
    /// <param name="sql">One plain read.</param>
    /// <param name="parameters">The number of its parameters, $1 to $n.</param>
    internal static string? Of(string sql, int parameters)
    {
        if (parameters is 0 or > MostParameters || sql.Contains(Name, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }
        var columns = Enumerable.Range(1, parameters);
        var folded = new StringBuilder(sql.Length + 200)
            .Append(CultureInfo.InvariantCulture, $"select {Name}.{Name}_n, {Name}_rows.* from rows from (")
            .AppendJoin(", ", columns.Select(static i => $"unnest((select ${i}))"))
            .Append(CultureInfo.InvariantCulture, $") with ordinality {Name}(")
            .AppendJoin(", ", columns.Select(static i => $"{Name}_{i}"))
            .Append(CultureInfo.InvariantCulture, $", {Name}_n) cross join lateral (select * from (");
        AppendBody(folded, sql);
        // The line's end closes a comment that the text may end with.
        return folded.Append(CultureInfo.InvariantCulture, $"\n) {Name}_text offset 0) {Name}_rows").ToString();
    }

    private static void AppendBody(StringBuilder folded, string sql)
    {
        var lexer = new Lexer(sql);
        while (lexer.TryRead(out var token))
        {
            var piece = token.In(sql);
            if (token.Kind == TokenKind.Parameter)
            {
                folded.Append(CultureInfo.InvariantCulture, $"({Name}.{Name}_{int.Parse(piece[1..], CultureInfo.InvariantCulture)})");
            }
            // A plain text is one statement, so a semicolon can only end it.
            else if (!(token.Kind == TokenKind.Punctuation && piece is ";"))
            {
                folded.Append(piece);
            }
        }
    }
}
