using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>What a trip needs to know of one statement text. Immutable, so that it may cross from the pool to a connection.</summary>
/// <param name="Text">The text.</param>
/// <param name="Verb">The verb of its command tag, such as SELECT.</param>
/// <param name="Travel">How it may travel.</param>
/// <param name="Writes">Whether it may change data: then its outcome matters when the connection is lost.</param>
/// <param name="ReturnsRows">Whether the server describes rows for it.</param>
/// <param name="Folded">
/// The text that answers for many callers of it at once (<see cref="FoldedText"/>); null when each needs a statement of its own.
/// </param>
internal sealed record TextFacts(string Text, string Verb, Travel Travel, bool Writes, bool ReturnsRows, string? Folded = null)
{
    /// <summary>What the server's command tag must say that it did; null for texts that never share a trip.</summary>
    internal StatementType? Tag { get; init; }

    /// <summary>
    /// Whether it may be in a write group with texts of others: a write that is plain, or a plain read that asks for nothing by which rows
    /// of one transaction could be told from those of another.
    /// </summary>
    internal bool RidesWithWrites { get; init; }

    /// <summary>
    /// Whether it is nothing but blanks and comments. The server gives such a text no command tag, so none shows that it is complete.
    /// </summary>
    internal bool IsBlank { get; init; }

    /// <summary>The facts of a text that is classified.</summary>
    internal static TextFacts Of(string text, StatementShape shape, StatementClass @class, bool mayFold) => new(
        text,
        shape.Verb.ToString().ToUpperInvariant(),
        @class.Travel,
        Writes: @class.Travel != Travel.InReadGroup && shape.Verb is not StatementVerb.Show,
        ReturnsRows: shape.Verb.IsRead() || shape.Verb == StatementVerb.With || shape.Has(ShapeMarks.Returns),
        mayFold && @class.Travel == Travel.InReadGroup ? FoldedText.Of(text, shape.HighestParameter) : null)
    {
        Tag = CommandTags.Of(shape.Verb),
        IsBlank = shape.Verb == StatementVerb.None,
        RidesWithWrites = @class.Travel == Travel.InWriteGroup
            || (@class.Travel == Travel.InReadGroup
                && (shape.Marks & (ShapeMarks.SystemColumn | ShapeMarks.TransactionFunction)) == ShapeMarks.None),
    };
}
