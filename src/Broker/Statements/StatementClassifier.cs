namespace Broker.Statements;

/// <summary>
/// Decides whether a text may share a transaction with texts of other callers, so that nobody can tell. When in doubt it
/// travels alone; when it might leave something in the session, the connection is reset behind it.
/// </summary>
/// <remarks>
/// It sees the text only. A member whose parameters have declared types that did not come with the server (oid 16384 and
/// up) must be kept alone by whoever knows the parameters, since such a type picks the functions behind an operator.
/// </remarks>
internal static class StatementClassifier
{
    /// <summary>The decision about <paramref name="shape"/>, as far as <paramref name="catalogue"/> allows one.</summary>
    public static Classification Classify(StatementShape shape, CatalogueSnapshot catalogue, PackingTrust trust)
    {
        if ((RefusedVerbs.Of(shape) ?? OfVerb(shape)) is { } known)
        {
            return new Classification.Decided(known, CatalogueQuestions.None);
        }

        var findings = new Findings();
        TextRules.Apply(shape, findings);
        if (findings.Worst is { Travel: Travel.AloneThenReset } certain)
        {
            return new Classification.Decided(certain, CatalogueQuestions.None);
        }

        var examination = new Examination(catalogue, trust, findings, shape.Changes);
        examination.Text(shape);
        return examination.Missing.IsEmpty || findings.Worst is { Travel: Travel.AloneThenReset }
            ? new Classification.Decided(findings.Worst ?? Plain(shape), examination.Asked)
            : new Classification.NeedsCatalogue(examination.Missing);
    }

    /// <summary>What the verb alone decides: everything that is neither a read, a write nor an unclear WITH.</summary>
    private static StatementClass? OfVerb(StatementShape shape) => shape.Verb switch
    {
        _ when shape.Verb.IsRead() || shape.Verb.IsWrite() || shape.Verb == StatementVerb.With => null,
        StatementVerb.None => new(Travel.Alone, ClassReason.Empty, "the text is empty"),
        StatementVerb.Show or StatementVerb.Notify or StatementVerb.Checkpoint =>
            new(Travel.Alone, ClassReason.NotPlainVerb, $"{shape.Verb.ToString().ToUpperInvariant()} does not travel in groups"),
        _ => new(Travel.AloneThenReset, ClassReason.NotPlainVerb, $"{shape.Verb.ToString().ToUpperInvariant()} does not travel in groups"),
    };

    private static StatementClass Plain(StatementShape shape) =>
        shape.Changes ? StatementClass.PlainWrite : StatementClass.PlainRead;
}

/// <summary>Collects what speaks against a group; the worst wins, the first among equals.</summary>
internal sealed class Findings
{
    /// <summary>What was found; null for nothing.</summary>
    public StatementClass? Worst { get; private set; }

    /// <summary>Adds a finding; with <paramref name="reset"/> the session may be left changed.</summary>
    public void Add(ClassReason reason, bool reset, string words)
    {
        if (Worst is null || (reset && Worst.Travel == Travel.Alone))
        {
            Worst = new StatementClass(reset ? Travel.AloneThenReset : Travel.Alone, reason, words);
        }
    }
}
