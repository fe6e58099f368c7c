namespace Broker.Statements;

/// <summary>
/// Where a number ends. A word glued to a number (<c>limit 1for update</c>) stays a word: versions before 15 accept
/// that, and later ones refuse the text, so nothing is lost by seeing it.
/// </summary>
internal static class NumberScanner
{
    public static int End(ReadOnlySpan<char> sql, int at)
    {
        if (sql[at] == '0' && at + 2 < sql.Length && Base(sql[at + 1]) is { Length: > 0 } digits && digits.Contains(sql[at + 2]))
        {
            return Run(sql, at + 2, digits);
        }

        at = sql[at] == '.' ? at : Run(sql, at, Decimal);
        if (at < sql.Length && sql[at] == '.' && !(at + 1 < sql.Length && sql[at + 1] == '.'))
        {
            at = at + 1 < sql.Length && char.IsAsciiDigit(sql[at + 1]) ? Run(sql, at + 1, Decimal) : at + 1;
        }

        return Exponent(sql, at);
    }

    private const string Decimal = "0123456789";

    private static string Base(char mark) => mark switch
    {
        'x' or 'X' => "0123456789abcdefABCDEF",
        'o' or 'O' => "01234567",
        'b' or 'B' => "01",
        _ => "",
    };

    private static int Run(ReadOnlySpan<char> sql, int at, string digits)
    {
        while (at < sql.Length && (digits.Contains(sql[at]) || (sql[at] == '_' && at + 1 < sql.Length && digits.Contains(sql[at + 1]))))
        {
            at++;
        }

        return at;
    }

    private static int Exponent(ReadOnlySpan<char> sql, int at)
    {
        if (at >= sql.Length || sql[at] is not ('e' or 'E'))
        {
            return at;
        }

        var digits = at + 1 < sql.Length && (sql[at + 1] is '+' or '-') ? at + 2 : at + 1;
        return digits < sql.Length && char.IsAsciiDigit(sql[digits]) ? Run(sql, digits, Decimal) : at;
    }
}
