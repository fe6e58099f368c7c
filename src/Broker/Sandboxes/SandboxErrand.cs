using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Errands;
using Broker.Sessions;
using Broker.Sessions.Work;
using Broker.Statements;
using Npgsql;

namespace Broker.Sandboxes;

/// <summary>What came of an errand in a sandbox.</summary>
/// <param name="Reply">What its caller is told.</param>
/// <param name="Lost">Why the sandbox's connection is lost; null when it is not.</param>
internal sealed record ErrandOutcome(IBrokerReply Reply, string? Lost = null);

/// <summary>
/// An errand in a sandbox: alone in its turn, its statements one transaction of a conversation that nobody else sees. It is committed there
/// when all of them succeeded, and else leaves the sandbox as it was.
/// </summary>
internal static class SandboxErrand
{
    private const int QuotedText = 80;

    /// <summary>Why it may not run as an errand; null when it may.</summary>
    internal static Failure? Refusal(RunErrand errand)
    {
        var proof = new ParameterProof();
        foreach (var statement in StatementsOf(errand))
        {
            if (RefusedVerbs.Of(StatementShape.Of(statement.Text)) is { } refused)
            {
                return new StatementRefused(refused.Words,
                    statement.Text.Length <= QuotedText ? statement.Text : $"{statement.Text.AsSpan(0, QuotedText)}...");
            }
            if (proof.Check(statement) is { } unfit)
            {
                return unfit;
            }
        }
        return null;
    }

    /// <summary>What its statements run under.</summary>
    internal static ConversationTerms TermsOf(RunErrand errand) =>
        new() { Context = errand.Context, ResultBytes = errand.Limits.ResultBytes };

    /// <summary>Runs it. Never throws.</summary>
    internal static async Task<ErrandOutcome> RunAsync(SessionRun run, RunErrand errand)
    {
        var done = await run.RunAsync(new() { Begins = true,
            Steps = [.. StatementsOf(errand).Select(static statement => new StatementStep("", statement))] });
        var wasCancelled = run.CancelAsked;
        if (wasCancelled)
        {
            // Whoever comes next must not be hit by a request that is still on its way.
            done = await run.FenceAsync(done);
        }
        var kept = done.End == WorkEnd.Done ? await run.RunAsync(new() { Commits = true, KnownId = done.TransactionId }) : done;
        return kept.End switch
        {
            WorkEnd.Done => new(AnswerOf(errand, done)),
            WorkEnd.Lost or WorkEnd.InDoubt => new(new Refused(kept.Failure!), kept.Failure!.Message),
            _ => new(new Refused(WordsFor(errand, kept, wasCancelled))),
        };
    }

    private static IEnumerable<Statement> StatementsOf(RunErrand errand) =>
        errand.Unit is { } unit ? unit.More.Prepend(errand.Statement) : [errand.Statement];

    private static ErrandCompleted AnswerOf(RunErrand errand, WorkResult done)
    {
        var more = done.Results.Skip(1).Select((result, i) =>
            new ErrandCompleted(StatementShape.Of(errand.Unit!.More[i].Text).Verb.ToString().ToUpperInvariant(), result.Affected,
                result.Rows));
        return new(done.Verb, done.Results[0].Affected, done.Results[0].Rows) { More = [.. more] };
    }

    private static Failure WordsFor(RunErrand errand, WorkResult result, bool wasCancelled) => result.Failure switch
    {
        StatementFailed { SqlState: PostgresErrorCodes.QueryCanceled } when wasCancelled => new Cancelled("while it ran on the server"),
        StatementFailed { SqlState: PostgresErrorCodes.ActiveSqlTransaction or PostgresErrorCodes.InvalidTransactionTermination } failed =>
            new SandboxRefused(
                $"the statement wants a transaction of its own ({failed.ServerMessage}): run it before the sandbox is opened"),
        StatementFailed failed when errand.Unit is not null => failed with { Statement = result.Step },
        var failure => failure!,
    };
}
