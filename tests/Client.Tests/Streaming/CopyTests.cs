using System.Text;
using Akka.Actor;
using Akka.TestKit;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Tests.Streaming;

public sealed class CopyTests : ScriptedBroker
{
    private readonly TestProbe _stream;

    public CopyTests() => _stream = CreateTestProbe("stream");

    [Fact]
    public async Task Bytes_are_sent_one_chunk_after_the_other_and_the_rows_are_told()
    {
        byte[] data = new byte[150_000];
        Random.Shared.NextBytes(data);
        var copying = Client.CopyInAsync("orders", $"copy t from stdin", new MemoryStream(data));
        var id = await Opened<CopyIn>("copy t from stdin");
        var sent = new List<byte>();
        while (await _stream.ExpectMsgAsync<IBrokerRequest>() is SendCopyData chunk)
        {
            var writer = _stream.LastSender;
            await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
            sent.AddRange(chunk.Bytes.Span);
            writer.Tell(new CopyDataTaken(id));
        }

        _stream.Reply(new StreamEnded(id, 42));
        Assert.Equal(42, await copying);
        Assert.Equal(data, sent);
    }

    [Fact]
    public async Task A_chunk_that_its_owner_changes_afterwards_was_sent_as_it_was()
    {
        byte[] buffer = [1, 2, 3];
        var copying = Client.CopyInAsync("orders", "copy t from stdin", Reusing(buffer)).AsTask();
        var id = await Opened<CopyIn>("copy t from stdin");
        var first = await _stream.ExpectMsgAsync<SendCopyData>();
        buffer.AsSpan().Fill(9);
        Assert.Equal([1, 2, 3], first.Bytes.ToArray());
        _stream.Reply(new CopyDataTaken(id));
        await _stream.ExpectMsgAsync<FinishCopy>();
        _stream.Reply(new StreamEnded(id, 1));
        Assert.Equal(1, await copying);
    }

    [Fact]
    public async Task A_source_that_throws_gives_the_copy_up()
    {
        var copying = Client.CopyInAsync("orders", "copy t from stdin", Failing()).AsTask();
        var id = await Opened<CopyIn>("copy t from stdin");
        await _stream.ExpectMsgAsync<SendCopyData>();
        _stream.Reply(new CopyDataTaken(id));
        Assert.Equal(id, (await _stream.ExpectMsgAsync<CloseStream>()).Id);
        await Assert.ThrowsAsync<IOException>(() => copying);
    }

    [Fact]
    public async Task A_refused_chunk_is_thrown_and_ends_the_copy()
    {
        var copying = Client.CopyInAsync("orders", "copy t from stdin", new MemoryStream([1])).AsTask();
        await Opened<CopyIn>("copy t from stdin");
        await _stream.ExpectMsgAsync<SendCopyData>();
        _stream.Reply(new Refused(new StatementFailed("22P04", "extra data after last expected column")));
        await FailsWith<StatementFailed>(() => copying);
        await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task Bytes_of_a_copy_out_are_read_as_a_stream_in_order()
    {
        var (copy, id) = await CopyOut();
        var reading = new StreamReader(copy).ReadToEndAsync();
        _stream.Reply(new StreamBytes(id, Encoding.UTF8.GetBytes("1\ta\n")));
        _stream.Reply(new StreamBytes(id, default));
        _stream.Reply(new StreamBytes(id, Encoding.UTF8.GetBytes("2\tb\n")));
        _stream.Reply(new StreamEnded(id, 2));
        Assert.Equal("1\ta\n2\tb\n", await reading);
        await copy.DisposeAsync();
    }

    [Fact]
    public async Task The_next_chunk_is_allowed_when_one_was_read_whole()
    {
        var (copy, id) = await CopyOut();
        _stream.Reply(new StreamBytes(id, new byte[10]));
        byte[] buffer = new byte[6];
        Assert.Equal(6, await copy.ReadAsync(buffer));
        await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
        Assert.Equal(4, await copy.ReadAsync(buffer));
        Assert.Equal(1, (await _stream.ExpectMsgAsync<DemandChunks>()).Count);
        await copy.DisposeAsync();
    }

    [Fact]
    public async Task Disposing_a_copy_out_early_closes_it_once()
    {
        var (copy, id) = await CopyOut();
        await copy.DisposeAsync();
        await copy.DisposeAsync();
        Assert.Equal(id, (await _stream.ExpectMsgAsync<CloseStream>()).Id);
        await _stream.ExpectNoMsgAsync(TimeSpan.Zero);
    }

    [Fact]
    public async Task A_copy_out_that_nobody_disposes_is_closed_when_it_is_collected()
    {
        var id = await Forgotten();
        for (var tries = 0; tries < 1_000 && !_stream.HasMessages; tries++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            await Task.Delay(10);
        }
        Assert.Equal(id, (await _stream.ExpectMsgAsync<CloseStream>()).Id);

        async Task<ErrandId> Forgotten() => (await CopyOut()).Id;
    }

    [Fact]
    public async Task A_copy_out_read_synchronously_says_what_to_do_instead()
    {
        var (copy, _) = await CopyOut();
        var thrown = Assert.Throws<NotSupportedException>(() => copy.ReadByte());
        Assert.Contains("ReadAsync", thrown.Message, StringComparison.Ordinal);
        await copy.DisposeAsync();
    }

    private async Task<(Stream Copy, ErrandId Id)> CopyOut()
    {
        var opening = Client.CopyOutAsync("orders", $"copy t to stdout");
        var id = await Opened<CopyOut>("copy t to stdout");
        var copy = await opening;
        Assert.Equal(new DemandChunks(id, 2), await _stream.ExpectMsgAsync<DemandChunks>());
        return (copy, id);
    }

    private async Task<ErrandId> Opened<TSource>(string text) where TSource : StreamSource
    {
        var open = await Pool.ExpectMsgAsync<OpenStream>();
        Assert.Equal(text, Assert.IsType<TSource>(open.Source).Statement.Text);
        Pool.Reply(new StreamOpened(open.Id, _stream.Ref));
        return open.Id;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Reusing(byte[] buffer)
    {
        await Task.CompletedTask;
        yield return buffer;
    }

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Failing()
    {
        await Task.CompletedTask;
        yield return new byte[] { 1 };
        throw new IOException("the disk is gone");
    }
}
