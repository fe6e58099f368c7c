namespace Broker.Statements;

/// <summary>Statements whose meaning lies in what comes after them on the same session, so that an errand with them is a mistake.</summary>
internal static class RefusedVerbs
{
    /// <summary>The refusal of <paramref name="shape"/>; null when it may run as an errand.</summary>
    public static StatementClass? Of(StatementShape shape)
    {
        if (shape.Has(ShapeMarks.Nul))
        {
            return Refused(ClassReason.NulCharacter, "the text contains a NUL character");
        }

        if (shape.Has(ShapeMarks.HalfSurrogate))
        {
            return Refused(ClassReason.HalfSurrogate, "the text holds half of a surrogate pair");
        }

        return shape.Statements > 1
            ? Refused(ClassReason.ManyStatements, $"{shape.Statements} statements in one text: send them one by one, or open a session")
            : Of(shape.Verb);
    }

    private static StatementClass? Of(StatementVerb verb) => verb switch
    {
        StatementVerb.Begin or StatementVerb.Commit or StatementVerb.Rollback or StatementVerb.Savepoint or StatementVerb.Release =>
            Refused(ClassReason.TransactionControl, $"{Word(verb)} belongs to a session's transaction: open a session"),
        StatementVerb.Set or StatementVerb.Reset =>
            Refused(ClassReason.SessionSetting,
                $"{Word(verb)} would outlive the errand: give the settings with the call, or open a session"),
        StatementVerb.Listen or StatementVerb.Unlisten =>
            Refused(ClassReason.Listening, $"{Word(verb)} needs a connection of its own: listen through the broker"),
        StatementVerb.Prepare or StatementVerb.Execute or StatementVerb.Deallocate =>
            Refused(ClassReason.PreparedStatement,
                $"{Word(verb)} belongs to one connection: errands are prepared by the broker, or open a session"),
        StatementVerb.Declare or StatementVerb.Fetch or StatementVerb.Move or StatementVerb.Close =>
            Refused(ClassReason.Cursor, $"{Word(verb)} belongs to a session's transaction: open a session"),
        StatementVerb.Copy =>
            Refused(ClassReason.CopyNeedsStream, "COPY moves a stream: use the calls for COPY"),
        StatementVerb.Discard or StatementVerb.Load =>
            Refused(ClassReason.SessionState, $"{Word(verb)} changes the connection for everybody after it: take a lease"),
        _ => null,
    };

    private static string Word(StatementVerb verb) => verb.ToString().ToUpperInvariant();

    private static StatementClass Refused(ClassReason reason, string words) => new(Travel.Refused, reason, words);
}
