using System.Collections.Immutable;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>What a text of a client says by itself, before the catalogue is asked about the rest.</summary>
/// <param name="Trace">What its verbs leave in the session; <see cref="SessionTrace.None"/> when <paramref name="Parts"/> decide.</param>
/// <param name="Parts">What it runs: it leaves nothing when none of these does.</param>
/// <param name="MayPack">
/// Whether it is one statement that reads, or writes one table, and may share a round trip if the catalogue agrees.
/// </param>
/// <param name="DependsOnLiterals">Whether texts that differ in literals only may be of another kind.</param>
internal sealed record TextReading(SessionTrace Trace, ImmutableArray<StatementShape> Parts, bool MayPack, bool DependsOnLiterals)
{
    private static readonly TextReading Nothing = new(SessionTrace.None, [], false, false);
    private static readonly TextReading Anything = new(SessionTrace.Unknown, [], false, false);

    /// <summary>Reads a text.</summary>
    internal static TextReading Of(string text)
    {
        var shape = StatementShape.Of(text);
        if (shape.Statements <= 1)
        {
            return Of(text, shape);
        }
        var parts = ImmutableArray.CreateBuilder<StatementShape>();
        var (trace, depends) = (SessionTrace.None, false);
        foreach (var statement in Split(text))
        {
            var one = Of(statement, StatementShape.Of(statement));
            // of which of them is done, nobody keeps account: a setting among them is not kept for the client
            trace = one.Trace.EndsStatements || trace.EndsStatements ? SessionTrace.Discarded
                : one.Trace.IsDirty ? SessionTrace.Unknown
                : trace;
            depends |= one.DependsOnLiterals;
            parts.AddRange(one.Parts);
        }
        return new(trace, parts.DrainToImmutable(), false, depends);
    }

    private static TextReading Of(string text, StatementShape shape) => shape.Verb switch
    {
        StatementVerb.None or StatementVerb.Begin or StatementVerb.Commit or StatementVerb.Rollback or StatementVerb.Savepoint
            or StatementVerb.Release
            or StatementVerb.Show or StatementVerb.Notify or StatementVerb.Lock or StatementVerb.Checkpoint
            or StatementVerb.Fetch or StatementVerb.Move or StatementVerb.Close => Nothing,
        StatementVerb.Set or StatementVerb.Reset =>
            Nothing with { Trace = SettingText.Read(text) with { Sets = true }, DependsOnLiterals = true },
        StatementVerb.Declare => Part(InnerText.OfDeclare(text)),
        StatementVerb.Copy => Part(InnerText.OfCopy(text)),
        StatementVerb.Explain => Part(InnerText.OfExplain(text)),
        StatementVerb.Prepare => InnerText.IsTwoPhase(text) ? Nothing : Anything,
        StatementVerb.Discard => Nothing with { Trace = DeallocateText.ReadDiscard(text) },
        StatementVerb.Deallocate => Nothing with { Trace = DeallocateText.Read(text) },
        _ when shape.Verb.IsRead() || shape.Verb.IsWrite() || shape.Verb is StatementVerb.With =>
            new(SessionTrace.None, [shape], shape.Verb.IsRead() || shape.Verb.IsWrite(), Calls(shape, "current_setting")),
        _ => Anything,
    };

    // Only what is classified by its names can be a part: BEGIN within EXPLAIN is an error, and CREATE is not judged.
    private static TextReading Part(string? inner)
    {
        if (inner is null
            || StatementShape.Of(inner) is not { Statements: 1 } shape
            || !(shape.Verb.IsRead() || shape.Verb.IsWrite() || shape.Verb is StatementVerb.With))
        {
            return Anything;
        }
        return new(SessionTrace.None, [shape], false, Calls(shape, "current_setting"));
    }

    private static bool Calls(StatementShape shape, string function) => shape.Names.Any(name => name.Key.Name == function);

    // A semicolon in parentheses is in a rule, which is not judged.
    private static IEnumerable<string> Split(string text)
    {
        var (start, depth) = (0, 0);
        foreach (var token in Lexer.Significant(text))
        {
            if (token.Kind is not TokenKind.Punctuation)
            {
                continue;
            }
            switch (text[token.Start])
            {
                case '(': depth++; break;
                case ')': depth = Math.Max(0, depth - 1); break;
                case ';' when depth == 0:
                    yield return text[start..token.Start];
                    start = token.Start + 1;
                    break;
            }
        }
        yield return text[start..];
    }
}
