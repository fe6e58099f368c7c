namespace Broker.Statements;

/// <summary>What the text alone says against a group.</summary>
internal static class TextRules
{
    private static readonly (ShapeMarks Mark, ClassReason Reason, bool Reset, string Words)[] Rules =
    [
        (ShapeMarks.Unterminated, ClassReason.NotLexed, true, "a string, name or comment does not end"),
        (ShapeMarks.UnknownCharacter, ClassReason.NotLexed, true, "the text has a character that SQL has not"),
        (ShapeMarks.UnicodeName, ClassReason.UnicodeName, true, "a name is written U&\"...\""),
        (ShapeMarks.LongName, ClassReason.LongName, true, "a name is longer than the server keeps"),
        (ShapeMarks.NamesOperator, ClassReason.NamedOperator, true, "an operator is named with its schema"),
        (ShapeMarks.TemporarySchema, ClassReason.TemporarySchema, true, "pg_temp is named"),
        (ShapeMarks.SelectsInto, ClassReason.SelectsInto, true, "SELECT INTO creates a table"),
        (ShapeMarks.ModifiesWithin, ClassReason.ModifiesWithin, false, "rows are changed within another statement"),
        (ShapeMarks.LongText, ClassReason.LongText, false, "the text is too long to be remembered"),
        (ShapeMarks.ReadsSetting, ClassReason.ReadsSetting, false, "current_setting may tell a setting of the group"),
    ];

    /// <summary>Adds what <paramref name="shape"/> shows to <paramref name="findings"/>.</summary>
    public static void Apply(StatementShape shape, Findings findings)
    {
        foreach (var rule in Rules)
        {
            if (shape.Has(rule.Mark))
            {
                findings.Add(rule.Reason, rule.Reset, rule.Words);
            }
        }

        if (shape.Verb == StatementVerb.With)
        {
            findings.Add(ClassReason.NotPlainVerb, reset: false, "the main statement of the WITH was not found");
        }

        if (shape.Has(ShapeMarks.LocksRows))
        {
            findings.Add(ClassReason.LocksRows, reset: false, "rows are locked for this caller");
        }

        if (shape.Changes)
        {
            ApplyToWrite(shape, findings);
        }
    }

    // members of one transaction share an xmin: a lost update between them would pass unseen
    private static void ApplyToWrite(StatementShape shape, Findings findings)
    {
        if (shape.Has(ShapeMarks.SystemColumn))
        {
            findings.Add(ClassReason.SystemColumn, reset: false, "a write that names a system column");
        }

        if (shape.Has(ShapeMarks.TransactionFunction))
        {
            findings.Add(ClassReason.TransactionFunction, reset: false, "a write that asks for transaction ids");
        }
    }
}
