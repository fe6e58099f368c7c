using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Errands;
using Broker.Statements;

namespace Broker.Sessions;

/// <summary>What the texts and parameters of a command say of it, before anything of it is sent. Pure.</summary>
internal static class SessionTexts
{
    private const int QuotedText = 80;

    // A client makes few texts for its flushes, and sends them with every commit.
    private static readonly JudgedTexts StepTexts = new(static text => OfText(StatementShape.Of(text), text));

    /// <summary>Whether it may change data, and why it is refused; null when it may be sent.</summary>
    internal static (bool Writes, Failure? Refusal) Judge(ISessionCommand command) => command switch
    {
        _ when !IsWhole(command) =>
            (true, new StatementRefused("the command is not whole, or none of a conversation", $"{command?.GetType().Name}")),
        Execute execute => OfExecute(execute.Statement),
        OpenCursor cursor => (false, OfCursor(cursor)),
        FetchCursor fetch => (false, fetch.Rows < 1 ? Refused("a cursor is asked for no rows", "FETCH") : null),
        CloseCursor => (false, null),
        Flush flush => (true, OfSteps(flush.Steps)),
        Commit commit => (true, OfSteps(commit.Steps)),
        OpenScope scope => (true, OfSteps(scope.Steps)),
        ReleaseScope scope => (true, OfSteps(scope.Steps)),
        _ => (true, null),
    };

    /// <summary>Whether everything is there that its work needs. What comes from afar may be anything.</summary>
    private static bool IsWhole(ISessionCommand? command) => command switch
    {
        Execute execute => IsWhole(execute.Statement),
        OpenCursor cursor => IsWhole(cursor.Statement),
        Flush flush => AreWhole(flush.Steps),
        Commit commit => AreWhole(commit.Steps),
        OpenScope scope => AreWhole(scope.Steps),
        ReleaseScope scope => AreWhole(scope.Steps),
        FetchCursor or CloseCursor or RollbackScope or Rollback => true,
        _ => false,
    };

    private static bool IsWhole(Statement? statement) =>
        statement is { Text: not null, Parameters: { IsDefault: false } parameters } && !parameters.Contains(null!);

    private static bool AreWhole(ImmutableArray<FlushStep> steps) => !steps.IsDefault && steps.All(static step => step switch
    {
        { Table: null } => false,
        StatementStep one => IsWhole(one.Statement),
        CopyStep copy => copy is { Text: not null, TypeNames.IsDefault: false, Columns.IsDefault: false, Rows: >= 0 }
            && copy.TypeNames.Length == copy.Columns.Length && !copy.TypeNames.Contains(null!) && !copy.Columns.Contains(null!),
        _ => false,
    });

    private static (bool Writes, Failure? Refusal) OfExecute(Statement statement)
    {
        var shape = StatementShape.Of(statement.Text);
        var reads = (shape.Verb.IsRead() || shape.Verb is StatementVerb.Show or StatementVerb.Explain or StatementVerb.None)
            && !Changes(shape);
        return (!reads,
            OfText(shape, statement.Text) is { } words ? Refused(words, statement.Text) : new ParameterProof().Check(statement));
    }

    private static bool Changes(StatementShape shape) =>
        shape.Changes || shape.Has(ShapeMarks.ModifiesWithin) || shape.Has(ShapeMarks.SelectsInto);

    private static Failure? OfCursor(OpenCursor cursor)
    {
        var text = cursor.Statement.Text;
        var shape = StatementShape.Of(text);
        var words = cursor.Rows < 1 ? "a cursor is asked for no rows"
            : OfText(shape, text) ?? (!shape.Verb.IsRead() || Changes(shape)
            ? "a cursor reads: SELECT, VALUES, TABLE, or WITH in front of these" : null);
        return words is not null ? Refused(words, text) : new ParameterProof().Check(cursor.Statement);
    }

    private static Failure? OfSteps(ImmutableArray<FlushStep> steps)
    {
        var proof = new ParameterProof();
        foreach (var step in steps)
        {
            if (step is not StatementStep { Statement: var statement })
            {
                continue;
            }
            if (StepTexts.Of(statement.Text) is { } words)
            {
                return Refused(words, statement.Text);
            }
            if (proof.Check(statement) is { } refused)
            {
                return refused;
            }
        }
        return null;
    }

    private static string? OfText(StatementShape shape, string text) =>
        shape.Has(ShapeMarks.Nul) ? "the text contains a NUL character"
        : shape.Has(ShapeMarks.HalfSurrogate) ? "the text holds half of a surrogate pair"
        : shape.Statements > 1 ? $"{shape.Statements} statements in one text: send them one by one"
        : shape.Verb switch
        {
            StatementVerb.Begin or StatementVerb.Commit or StatementVerb.Rollback =>
                "a conversation begins and ends its transactions itself: use its commit and rollback",
            StatementVerb.Savepoint or StatementVerb.Release => "use a nested scope",
            StatementVerb.Set when IsLocal(text) => null,
            StatementVerb.Set or StatementVerb.Reset =>
                "this would outlive the transaction: use SET LOCAL, or give the settings with the conversation's terms",
            StatementVerb.Listen or StatementVerb.Unlisten => "listening needs a connection of its own: listen through the broker",
            StatementVerb.Prepare or StatementVerb.Execute or StatementVerb.Deallocate =>
                "prepared statements belong to one connection: the broker prepares what is worth it",
            StatementVerb.Declare or StatementVerb.Fetch or StatementVerb.Move or StatementVerb.Close =>
                "use the conversation's streams, which are cursors",
            StatementVerb.Copy => "COPY moves a stream: use the calls for COPY",
            StatementVerb.Discard or StatementVerb.Load => "this changes the connection for everybody after it: take a lease",
            _ => null,
        };

    // What SET LOCAL and SET CONSTRAINTS change ends with the transaction.
    private static bool IsLocal(string text)
    {
        var tokens = Lexer.Significant(text);
        return StatementOutline.Is(text, tokens, 1, "local") || StatementOutline.Is(text, tokens, 1, "constraints");
    }

    private static StatementRefused Refused(string words, string text) =>
        new(words, text.Length <= QuotedText ? text : $"{text.AsSpan(0, QuotedText)}...");
}
