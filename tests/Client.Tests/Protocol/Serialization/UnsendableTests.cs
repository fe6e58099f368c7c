using System.Text.Json;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>What has no wire form is told to the one who waits.</summary>
public sealed class UnsendableTests
{
    private static readonly ColumnDescription Place = new("place", "point", 600);

    private readonly MessageCodec _codec = new(new NumberedReferences());

    [Fact]
    public void An_errand_whose_rows_cannot_cross_is_refused_with_what_to_do()
    {
        var refused = Assert.IsType<ResultMismatch>(Assert.IsType<Refused>(Instead(new ErrandCompleted("SELECT", -1, Unknown))).Failure);
        Assert.Contains("column \"place\" (point)", refused.Reason, StringComparison.Ordinal);
        Assert.Contains("cast it in the statement, for example to text", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_chunk_of_a_stream_that_cannot_cross_ends_it() =>
        Assert.IsType<ResultMismatch>(Assert.IsType<Refused>(Instead(new StreamRows(new(1, 1), Unknown))).Failure);

    [Fact]
    public void A_command_whose_rows_cannot_cross_is_refused_and_the_rest_of_its_answer_is_kept()
    {
        var answer = new SessionAnswer(SessionId.Draw(), HandleId.Draw(), 7, new(2),
            new Executed("SELECT", -1, Unknown)) { Shared = true, StaleTables = ["t"] };
        var instead = Assert.IsType<SessionAnswer>(Instead(answer));
        Assert.IsType<ResultMismatch>(Assert.IsType<CommandRefused>(instead.Reply).Failure);
        Assert.Equal((answer.Session, answer.Handle, 7, new Epoch(2), true),
            (instead.Session, instead.Handle, instead.Sequence, instead.Epoch, instead.Shared));
        Assert.Equal("t", Assert.Single(instead.StaleTables));
    }

    [Fact]
    public void A_commit_whose_rows_cannot_cross_is_committed_all_the_same()
    {
        var committed = new Committed([new StepResult(1, Unknown)], 42, []);
        var instead = Assert.IsType<SessionAnswer>(Instead(new SessionAnswer(default, default, 1, default, committed)));
        var reply = Assert.IsType<Committed>(instead.Reply);
        Assert.Equal((42ul, 0), (reply.TransactionId, reply.Results.Length));
    }

    [Fact]
    public void A_column_of_a_type_that_cannot_cross_does_when_all_of_it_is_null()
    {
        using var writer = new MessageWriter();
        Assert.True(_codec.Write(writer,
            new ErrandCompleted("SELECT", -1, new([new Column<Nobodys>(Place, new Nobodys[2], [true, true], 2)], 2))));
        var column = ((ErrandCompleted)_codec.Read(new MessageReader(writer.Written))).Rows.Columns[0];
        Assert.Equal((2, true, true, Place), (column.Count, column.IsNull(0), column.IsNull(1), column.Description));
    }

    [Fact]
    public void Arrays_of_a_type_that_cannot_cross_are_refused() =>
        Assert.IsType<Refused>(Instead(new ErrandCompleted("SELECT", -1, new([new Column<Array>(Place, new Nobodys[1])], 1))));

    [Fact]
    public void A_parameter_that_cannot_cross_is_refused_to_who_sends_it_and_nothing_of_the_request_is_written()
    {
        using var writer = new MessageWriter();
        _codec.Write(writer, new StartListening("before"));
        var before = writer.Length;
        var statement = new Statement("select $1, $2", [new Parameter<int>(1), new Parameter<Nobodys>(default)]);
        var refused = Assert.Throws<BrokerException>(() =>
            _codec.Write(writer, new RunErrand(new(1, 1), statement, CallerContext.None, ErrandLimits.Default)));

        Assert.Equal((2, nameof(Nobodys)),
            Assert.IsType<ParameterRefused>(refused.Failure) is var failure ? (failure.Position, failure.TypeName) : default);
        Assert.Equal(before, writer.Length);
    }

    /// <summary>One actor writes for all callers of a program, and what it does not expect would end it.</summary>
    [Fact]
    public void A_parameter_that_throws_as_it_is_read_is_refused_like_one_that_cannot_cross()
    {
        using var writer = new MessageWriter();
        var statement = new Statement("select $1, $2", [new Parameter<int>(1), new Parameter<JsonElement>(OfDisposed())]);
        var refused = Assert.Throws<BrokerException>(() =>
            _codec.Write(writer, new RunErrand(new(1, 1), statement, CallerContext.None, ErrandLimits.Default)));

        var failure = Assert.IsType<ParameterRefused>(refused.Failure);
        Assert.Equal((2, nameof(JsonElement)), (failure.Position, failure.TypeName));
        Assert.Contains(nameof(ObjectDisposedException), failure.Reason, StringComparison.Ordinal);
        Assert.Equal(0, writer.Length);
    }

    [Fact]
    public void A_column_whose_value_throws_as_it_is_read_is_told_to_who_waits_for_it() =>
        Assert.Contains(nameof(ObjectDisposedException), Assert.IsType<ResultMismatch>(Assert.IsType<Refused>(Instead(new ErrandCompleted(
            "SELECT", -1, new([new Column<JsonElement>(new("body", "jsonb", 3802), OfDisposed())], 1)))).Failure).Reason, StringComparison.Ordinal);

    [Fact]
    public void What_is_no_message_is_not_written()
    {
        using var writer = new MessageWriter();
        Assert.Throws<BrokerException>(() => _codec.Write(writer, "a text"));
        Assert.Equal(0, writer.Length);
    }

    private static RowSet Unknown => new([new Column<int>(new("id", "integer", 23), 1), new Column<Nobodys>(Place, new Nobodys(1, 2))], 1);

    private static JsonElement OfDisposed()
    {
        using var document = JsonDocument.Parse("{}");
        return document.RootElement;
    }

    private object Instead(object message)
    {
        using var writer = new MessageWriter();
        Assert.False(_codec.Write(writer, message));
        return _codec.Read(new MessageReader(writer.Written));
    }

    private readonly record struct Nobodys(double X, double Y);
}
