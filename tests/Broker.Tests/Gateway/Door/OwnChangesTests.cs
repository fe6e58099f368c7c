using System.Text;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Wire;
using Npgsql;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>
/// What a client has changed for itself alone, or not for good yet, makes no statement of another client stale, and its own statements mean
/// what they would mean at the server.
/// </summary>
public sealed class OwnChangesTests
{
    private const string Read = "select * from things";

    [Theory]
    [InlineData("alter table things add words text")]
    [InlineData("create temp table things as select 1 as id, 'mine' as words")]
    public async Task What_is_rolled_back_makes_no_statement_of_others_stale(string change)
    {
        await using var door = await OpenAsync();
        using var one = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await PrepareAsync(one);
        await PrepareAsync(other);

        foreach (var _ in Enumerable.Range(0, 2))
        {
            await AskAsync(one, new Query(WireText.Of("begin")));
            await AskAsync(one, new Query(WireText.Of(change)));
            Assert.Equal("0A000", StateIn(await UseAsync(one)));
            await AskAsync(one, new Query(WireText.Of("rollback")));

            Assert.Equal("1", await RowAsync(other));
            Assert.Equal("1", await RowAsync(one));
        }
    }

    [Fact]
    public async Task A_statement_that_is_prepared_behind_a_change_is_its_clients_alone()
    {
        await using var door = await OpenAsync();
        using var one = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await AskAsync(one, new Query(WireText.Of("begin; create temp table things as select 1 as id, 'mine' as words")));
        await PrepareAsync(one);

        await PrepareAsync(other);
        Assert.Equal("1", await RowAsync(other));
        Assert.Equal("1|mine", await RowAsync(one));
        await AskAsync(one, new Query(WireText.Of("commit")));

        // its table is gone with its link, and it was told of two columns
        Assert.Equal("0A000", StateIn(await UseAsync(one)));
        Assert.Equal("1", await RowAsync(other));
        await PrepareAsync(one);
        Assert.Equal("1", await RowAsync(one));
    }

    [Fact]
    public async Task A_statement_that_others_have_on_the_link_means_the_change_to_who_prepares_it_behind_the_change()
    {
        await using var door = await OpenAsync("size = 1, overflow = 0");
        using var one = await door.SpeakAsync();
        using var other = await door.SpeakAsync();
        await PrepareAsync(other);

        await AskAsync(one, new Query(WireText.Of("begin; alter table things add words text")));
        await PrepareAsync(one);
        Assert.Equal("1|", await RowAsync(one));
        await AskAsync(one, new Query(WireText.Of("commit")));

        Assert.Equal("1|", await RowAsync(one));
        Assert.Equal("0A000", StateIn(await UseAsync(other)));
        await PrepareAsync(other);
        Assert.Equal("1|", await RowAsync(other));
    }

    [Fact]
    public async Task What_was_undone_behind_a_savepoint_is_as_it_was()
    {
        await using var door = await OpenAsync();
        using var one = await door.SpeakAsync();
        await PrepareAsync(one);

        await AskAsync(one, new Query(WireText.Of("begin; savepoint a; alter table things add words text")));
        Assert.Equal("0A000", StateIn(await UseAsync(one)));
        await AskAsync(one, new Query(WireText.Of("rollback to a; alter table things add words text; savepoint b")));
        Assert.Equal("0A000", StateIn(await UseAsync(one)));
        await AskAsync(one, new Query(WireText.Of("rollback to b")));
        Assert.Equal("0A000", StateIn(await UseAsync(one)));
        await AskAsync(one, new Query(WireText.Of("rollback to a")));

        Assert.Equal("1", await RowAsync(one));
    }

    private static async Task<DoorStage> OpenAsync(string pool = "size = 2, overflow = 0")
    {
        var door = await DoorStage.OpenAsync(pool: pool);
        await using var direct = await door.GoRoundAsync();
        await using var command = new NpgsqlCommand("create table things (id int); insert into things values (1)", direct);
        await command.ExecuteNonQueryAsync();
        return door;
    }

    // as drivers do: what had the name has it no longer
    private static Task PrepareAsync(RawConnection client) =>
        AskAsync(client, new Close(TargetKind.Statement, WireText.Of("s")), new Parse(WireText.Of("s"), WireText.Of(Read), []),
            new Describe(TargetKind.Statement, WireText.Of("s")), Sync.Instance);

    private static async Task AskAsync(RawConnection client, params IWireMessage[] messages)
    {
        await client.SendAsync(messages);
        Assert.Null(StateIn(await client.ReceiveToReadyAsync()));
    }

    private static async Task<List<IBackendMessage>> UseAsync(RawConnection client)
    {
        await client.SendAsync(new Bind(WireText.Empty, WireText.Of("s"), [], [], []), new Execute(WireText.Empty, 0), Sync.Instance);
        return await client.ReceiveToReadyAsync();
    }

    private static async Task<string> RowAsync(RawConnection client)
    {
        var answers = await UseAsync(client);
        Assert.Null(StateIn(answers));
        return string.Join('|',
            answers.OfType<DataRow>().Single().Values
                .Select(static value => value is { } bytes ? Encoding.ASCII.GetString(bytes.Span) : null));
    }
}
