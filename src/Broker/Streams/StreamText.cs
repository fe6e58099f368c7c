using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Errands;
using Broker.Statements;

namespace Broker.Streams;

/// <summary>Which statements may be streamed: judged by the text and the parameters, before a connection is asked for.</summary>
internal static class StreamText
{
    private const int QuotedText = 80;

    /// <summary>Why the request is refused; null when it may run.</summary>
    internal static Failure? Refusal(OpenStream request)
    {
        var statement = request.Source.Statement;
        var shape = StatementShape.Of(statement.Text);
        var words = request.Limits.IdempotencyKey is not null ? "an idempotency key cannot be kept for a stream"
            : shape.Verb == StatementVerb.None ? "the text is empty"
            : request.Source is QueryRows ? RefusedVerbs.Of(shape)?.Words
            : OfCopy(request.Source, shape);
        return words is null ? new ParameterProof().Check(statement) : new StatementRefused(words, Quote(statement.Text));
    }

    /// <summary>
    /// Whether the statement runs in a transaction of the stream's own, which is committed when everything has been read: what is given up
    /// earlier has then no effect. Some statements manage their transactions themselves, or refuse to run in one.
    /// </summary>
    internal static bool IsFramed(OpenStream request)
    {
        if (!request.Context.IsEmpty || request.Source is not QueryRows)
        {
            return true;
        }
        var verb = StatementShape.Of(request.Source.Statement.Text).Verb;
        return verb.IsRead() || verb.IsWrite() || verb == StatementVerb.With;
    }

    /// <summary>Whether the text alone shows that nothing is changed. A function may do anything: with one, it does not.</summary>
    internal static bool OnlyReads(StreamSource source)
    {
        var shape = StatementShape.Of(source.Statement.Text);
        return source is not CopyIn && (shape.Verb.IsRead() || shape.Verb == StatementVerb.Copy)
            && (shape.Marks & (ShapeMarks.ModifiesWithin | ShapeMarks.ModifiesInWith | ShapeMarks.SelectsInto)) == ShapeMarks.None
            && !shape.Names.Any(static name => name.Value.HasFlag(NameUse.Called));
    }

    private static string? OfCopy(StreamSource source, StatementShape shape)
    {
        var copy = CopyShape.Of(source.Statement.Text);
        return shape.Has(ShapeMarks.Nul) || (shape.Verb == StatementVerb.Copy && shape.Statements > 1) ? RefusedVerbs.Of(shape)!.Words
            : shape.Verb != StatementVerb.Copy || copy is null ? "not a COPY"
            : shape.HighestParameter > 0 || !source.Statement.Parameters.IsEmpty ? "COPY has no parameters"
            : copy.IsIn != source is CopyIn ? copy.IsIn ? "COPY ... FROM reads from its caller: use CopyInAsync"
                : "COPY ... TO writes to its caller: use CopyOutAsync"
            : !copy.IsClients ? "only STDIN and STDOUT can be streamed, not files and programs of the server"
            : null;
    }

    private static string Quote(string text) => text.Length <= QuotedText ? text : $"{text.AsSpan(0, QuotedText)}...";
}
