using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Protocol.Serialization;

/// <summary>What common messages cost on the wire.</summary>
public sealed class SizeTests
{
    // int4, a text of 20 characters behind its length, timestamptz.
    private const int BytesOfRow = 4 + 21 + 8;

    [Fact]
    public void A_row_of_many_costs_its_values_and_nothing_else() =>
        Assert.InRange(SizeOf(new StreamRows(new(7, 1), Rows(1000))), 1000 * BytesOfRow, (1000 * BytesOfRow) + 80);

    [Fact]
    public void A_null_costs_a_bit()
    {
        var rows = new RowSet([new Column<long>(new("n", "bigint", 20), new long[800], [.. Enumerable.Repeat(true, 800)], 800)], 800);
        Assert.InRange(SizeOf(new StreamRows(new(7, 1), rows)), 100, 130);
    }

    [Fact]
    public void An_answer_of_one_row_costs_the_names_of_its_columns_and_little_else()
    {
        const int Names = 2 + 4 + 10;
        Assert.InRange(SizeOf(new ErrandCompleted("SELECT", -1, Rows(1))), BytesOfRow + Names, BytesOfRow + Names + 35);
    }

    [Fact]
    public void An_errand_costs_its_text_and_parameters_and_little_else()
    {
        var statement = Statement.Of("select name from customers where id = $1", 42);
        var errand = new RunErrand(new(long.MaxValue, 1000), statement, CallerContext.None, ErrandLimits.Default);
        Assert.InRange(SizeOf(errand), statement.Text.Length + 4, statement.Text.Length + 4 + 20);
    }

    [Fact]
    public void A_commit_without_steps_costs_its_conversation_and_little_else() =>
        Assert.InRange(SizeOf(new RunInSession(SessionId.Draw(), HandleId.Draw(), 12, 11, new(3), new Commit([]))), 24, 24 + 10);

    private static RowSet Rows(int count) => new(
        [
            new Column<int>(new("id", "integer", 23), [.. Enumerable.Range(0, count)], null, count),
            new Column<string>(new("name", "text", 25), [.. Enumerable.Repeat("a text of 20 letters", count)], null, count),
            new Column<DateTime>(new("created_at", "timestamp with time zone", 1184), [.. Enumerable.Repeat(DateTime.UnixEpoch, count)],
                null, count),
        ], count);

    private static int SizeOf(object message)
    {
        using var writer = new MessageWriter();
        new MessageCodec(new NumberedReferences()).Write(writer, message);
        return writer.Length;
    }
}
