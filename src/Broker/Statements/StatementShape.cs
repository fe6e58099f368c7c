using System.Collections.Immutable;

namespace Broker.Statements;

/// <summary>Marks of a text, each of which needs no catalogue to be seen.</summary>
[Flags]
internal enum ShapeMarks
{
    /// <summary>None of them.</summary>
    None = 0,

    /// <summary>
    /// An INSERT, UPDATE, DELETE or MERGE inside a statement that begins otherwise or earlier, where the server allows none as far as is
    /// known.
    /// </summary>
    ModifiesWithin = 1,

    /// <summary>FOR UPDATE, FOR NO KEY UPDATE, FOR SHARE or FOR KEY SHARE.</summary>
    LocksRows = 2,

    /// <summary>A SELECT with INTO: it creates a table.</summary>
    SelectsInto = 4,

    /// <summary>An operator written <c>OPERATOR(schema.op)</c>, of a schema other than pg_catalog.</summary>
    NamesOperator = 8,

    /// <summary>xmin, ctid, tableoid and their like.</summary>
    SystemColumn = 16,

    /// <summary>A function that tells a transaction id or a snapshot is called.</summary>
    TransactionFunction = 32,

    /// <summary>RETURNING.</summary>
    Returns = 64,

    /// <summary>A name written <c>U&amp;"..."</c>.</summary>
    UnicodeName = 128,

    /// <summary>A name longer than the server keeps (63 bytes).</summary>
    LongName = 256,

    /// <summary>A string, quoted name or comment does not end.</summary>
    Unterminated = 512,

    /// <summary>A character no SQL text has; with NUL see <see cref="Nul"/>.</summary>
    UnknownCharacter = 1024,

    /// <summary>A NUL character, at which the server would stop reading.</summary>
    Nul = 2048,

    /// <summary>The schema pg_temp is named.</summary>
    TemporarySchema = 4096,

    /// <summary>current_setting of something else than a literal with a dot, so of a setting that a group may have changed.</summary>
    ReadsSetting = 8192,

    /// <summary>The text is longer than <see cref="ClassifiedTexts.LongestText"/>, so nothing about it can be remembered.</summary>
    LongText = 16_384,

    /// <summary>Half of a surrogate pair, which has no UTF-8 form: something else would be sent in its place.</summary>
    HalfSurrogate = 32_768,

    /// <summary>An INSERT, UPDATE, DELETE or MERGE is one of the common table expressions of the statement's own WITH.</summary>
    ModifiesInWith = 65_536,
}

/// <summary>
/// What the tokens of a text say, before anybody asks the catalogue. It is complete rather than exact: every name that
/// might be a function, relation or type is in <see cref="Names"/>, also those that turn out to be columns.
/// </summary>
/// <param name="Statements">How many statements, empty ones not counted.</param>
/// <param name="Verb">What the first statement does.</param>
/// <param name="Target">The relation a write goes to; null when it was not found or the text is no write.</param>
/// <param name="Names">Every name with its uses, in the order of first appearance.</param>
/// <param name="Operators">Operator symbols, those that words such as LIKE and IN stand for included; sorted.</param>
/// <param name="HighestParameter">The highest n of <c>$n</c>; 0 without parameters, 65,536 for anything higher.</param>
/// <param name="Marks">What else was seen.</param>
/// <param name="Fingerprint">The text without its literals.</param>
internal sealed record StatementShape(
    int Statements,
    StatementVerb Verb,
    CatalogueName? Target,
    ImmutableArray<KeyValuePair<CatalogueName, NameUse>> Names,
    ImmutableArray<string> Operators,
    int HighestParameter,
    ShapeMarks Marks,
    Fingerprint Fingerprint)
{
    /// <summary>Whether all of <paramref name="marks"/> were seen.</summary>
    public bool Has(ShapeMarks marks) => (Marks & marks) == marks;

    /// <summary>Whether rows of a table are changed: by the statement itself, or by a common table expression of its WITH.</summary>
    public bool Changes => Verb.IsWrite() || (Verb.IsRead() && Has(ShapeMarks.ModifiesInWith));

    /// <summary>Whether <paramref name="sql"/> is nothing but blanks and comments, for which the server has no command tag.</summary>
    public static bool IsBlank(string sql) =>
        sql.AsSpan().TrimStart() is var rest && (rest.IsEmpty || (!char.IsAsciiLetter(rest[0]) && Of(sql).Verb == StatementVerb.None));

    /// <summary>The shape of <paramref name="sql"/>, whatever it contains.</summary>
    public static StatementShape Of(ReadOnlySpan<char> sql) => new ShapeReader(sql, Lexer.Significant(sql)).Read();
}
