using System.Text;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Wire;
using Xunit;
using static Broker.Tests.Gateway.Door.Talk;

namespace Broker.Tests.Gateway.Door;

/// <summary>What a client sends without waiting for answers: each answer is taken for what it is the answer to.</summary>
public sealed class PipelineTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(100_000)]
    public async Task Of_several_wrong_names_each_error_tells_its_own(int length)
    {
        await using var door = await DoorStage.OpenAsync();
        using var client = await door.SpeakAsync();

        await client.SendAsync([.. ((string[])["", "broker_7", "none", "broker_8"])
            .SelectMany(name => (IWireMessage[])[Bound(name, length), Sync.Instance])]);

        foreach (var words
            in (string[])["unnamed prepared statement", "prepared statement \"broker_7\"", "prepared statement \"none\"",
                "prepared statement \"broker_8\""])
        {
            Assert.Equal($"{words} does not exist", ErrorIn(await client.ReceiveToReadyAsync())?.Text);
        }
    }

    [Fact]
    public async Task A_setting_that_the_server_refuses_is_not_kept_for_that_the_one_before_it_was_done()
    {
        await using var door = await DoorStage.OpenAsync();
        using var client = await door.SpeakAsync();

        await client.SendAsync(Text("set datestyle = 'SQL, DMY'"), Text("set statement_timeout = 'never'"));
        Assert.Null(ErrorIn(await client.ReceiveToReadyAsync()));
        Assert.Equal("22023", ErrorIn(await client.ReceiveToReadyAsync())?.SqlState);

        Assert.Equal("SQL, DMY/0", await ValueAsync(client, "current_setting('datestyle') || '/' || current_setting('statement_timeout')"));
    }

    [Theory]
    [InlineData("select 1 / 0")]
    [InlineData("set statement_timeout = 'never'")]
    [InlineData("begin; set work_mem = '1MB'; rollback; set local work_mem = '2MB'")]
    public async Task A_setting_is_kept_whatever_was_sent_before_it(string before)
    {
        await using var door = await DoorStage.OpenAsync();
        using var client = await door.SpeakAsync();

        await client.SendAsync(Text(before), Text("set work_mem = '7MB'"));
        await client.ReceiveToReadyAsync();
        Assert.Null(ErrorIn(await client.ReceiveToReadyAsync()));

        Assert.Equal("7MB", await ValueAsync(client, "current_setting('work_mem')"));
    }

    [Theory]
    [InlineData("set local lock_timeout = '1s'")]
    [InlineData("set transaction read only")]
    [InlineData("set datestyle = 'SQL, DMY'")]
    [InlineData("reset datestyle")]
    public async Task What_is_set_in_a_transaction_that_is_rolled_back_is_not_taken_for_what_is_set_behind_it(string inside)
    {
        await using var door = await DoorStage.OpenAsync();
        using var client = await door.SpeakAsync();

        await client.SendAsync([.. Run("begin"), .. Run(inside), .. Run("rollback"), .. Run("set work_mem = '7MB'"), Sync.Instance]);
        Assert.Null(ErrorIn(await client.ReceiveToReadyAsync()));

        Assert.Equal("7MB", await ValueAsync(client, "current_setting('work_mem')"));
    }

    // in a transaction of its own, on a link that may be another
    private static async Task<string> ValueAsync(RawConnection client, string expression)
    {
        await client.SendAsync(Text($"begin; select {expression}; commit"));
        var answer = await client.ReceiveToReadyAsync();
        Assert.Null(ErrorIn(answer));
        return Encoding.ASCII.GetString(answer.OfType<DataRow>().Single().Values[0]!.Value.Span);
    }

    private static IWireMessage[] Run(string sql) =>
        [new Parse(WireText.Empty, WireText.Of(sql), []), Bound("", 0), new Execute(WireText.Empty, 0)];

    private static Bind Bound(string name, int length) =>
        new(WireText.Empty, WireText.Of(name), [], length > 0 ? [new ReadOnlyMemory<byte>(new byte[length])] : [], []);

    private static ErrorResponse? ErrorIn(List<IBackendMessage> answers) => answers.OfType<ErrorResponse>().FirstOrDefault();
}
