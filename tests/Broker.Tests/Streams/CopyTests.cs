using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Akka.Actor;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Leases;
using Broker.Tests.Hosting;
using Npgsql;
using Xunit;

namespace Broker.Tests.Streams;

/// <summary>COPY in both directions, in whatever format, against a real server.</summary>
public sealed class CopyTests : StreamStage
{
    [Theory]
    [InlineData("")]
    [InlineData(" (format csv, header)")]
    [InlineData(" (format binary)")]
    [InlineData(" with binary")]
    public async Task What_was_copied_out_can_be_copied_in_and_both_ways_tell_the_rows(string options)
    {
        Start("size = 2");
        await RunAsync(
            "create table a as select i, 'name ' || i as name, now() - i * interval '1 second' as at from generate_series(1, 20000) i");
        await RunAsync("create table b (like a)");
        await using var data = await Broker.CopyOutAsync("orders", new Statement($"copy a to stdout{options}"));
        Assert.Equal(20_000, await Broker.CopyInAsync("orders", new Statement($"copy b from stdin{options}"), data));
        Assert.Equal(0, await AskAsync<long>("select count(*) from (table a except table b) x"));
        await UntilAsync(static status => status.Lent == 0);
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task The_end_of_a_copy_out_says_how_many_rows_it_was()
    {
        Start();
        var (id, stream) = await OpenAsync(new CopyOut(new Statement("copy (select generate_series(1, 7)) to stdout")));
        stream.Tell(new DemandChunks(id, 1));
        Assert.Equal("1\n2\n3\n4\n5\n6\n7\n", Encoding.ASCII.GetString((await ExpectMsgAsync<StreamBytes>()).Bytes.Span));
        Assert.Equal(7, (await ExpectMsgAsync<StreamEnded>()).Rows);
    }

    [Fact]
    public async Task The_rows_of_a_copy_are_those_that_the_server_took()
    {
        Start();
        await RunAsync("create table t (i int)");
        Assert.Equal(2, await Broker.CopyInAsync("orders", $"copy t from stdin where i > 1", Bytes("1\n2\n3\n")));
    }

    [Fact]
    public async Task Twenty_megabytes_pass_in_chunks_of_constant_size()
    {
        Start();
        await RunAsync("create unlogged table t (data bytea)");
        const int Rows = 200, Size = 100_000;
        Assert.Equal(Rows, await Broker.CopyInAsync("orders", $"copy t from stdin (format binary)", Large(Rows, Size)));
        Assert.Equal((long)Rows * Size, await AskAsync<long>("select sum(length(data)) from t"));
        await using var back = await Broker.CopyOutAsync("orders", $"copy t to stdout (format binary)");
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        int read, largest = 0;
        while ((read = await back.ReadAsync(buffer)) > 0)
        {
            largest = Math.Max(largest, read);
            hash.AppendData(buffer.AsSpan(0, read));
        }
        Assert.Equal(64 * 1024, largest);
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await foreach (var chunk in Large(Rows, Size))
        {
            expected.AppendData(chunk.Span);
        }
        Assert.Equal(expected.GetHashAndReset(), hash.GetHashAndReset());
    }

    [Fact]
    public async Task Nothing_of_a_copy_stays_whose_data_the_server_refuses()
    {
        Start();
        await RunAsync("create table t (i int)");
        var pid = await PidAsync();
        var failed = await FailureOfAsync<StatementFailed>(async () =>
            await Broker.CopyInAsync("orders", $"copy t from stdin", Bytes("1\ntwo\n3\n")));
        Assert.Equal("22P02", failed.ServerSqlState);
        Assert.Equal(0, await AskAsync<long>("select count(*) from t"));
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task Nothing_of_a_copy_stays_whose_source_throws_and_the_connection_is_kept()
    {
        Start();
        await RunAsync("create table t (i int)");
        var pid = await PidAsync();
        await Assert.ThrowsAsync<IOException>(async () => await Broker.CopyInAsync("orders", $"copy t from stdin", Failing()));
        Assert.Equal(0, await AskAsync<long>("select count(*) from t"));
        Assert.Equal(pid, await PidAsync());
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_copy_whose_writer_stalls_is_rolled_back_with_a_reason()
    {
        Start(stream: "idle-limit = 1s");
        await RunAsync("create table t (i int)");
        var (id, stream) = await OpenAsync(new CopyIn(new Statement("copy t from stdin")));
        stream.Tell(new SendCopyData(id, "1\n"u8.ToArray()), TestActor);
        await ExpectMsgAsync<CopyDataTaken>();
        Assert.IsType<StreamStalled>((await ExpectMsgAsync<Refused>()).Failure);
        Assert.Equal(0, await AskAsync<long>("select count(*) from t"));
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_writer_that_sends_before_it_may_is_refused_and_its_copy_rolled_back()
    {
        Start();
        await RunAsync("create table t (i int)");
        var (id, stream) = await OpenAsync(new CopyIn(new Statement("copy t from stdin")));
        // More than the sockets hold, into a table that is locked by nobody: the second overtakes the first's answer.
        stream.Tell(new SendCopyData(id, new byte[64 << 20]), TestActor);
        stream.Tell(new SendCopyData(id, "2\n"u8.ToArray()), TestActor);
        Assert.IsType<StatementRefused>((await FishForMessageAsync(message => message is Refused) as Refused)!.Failure);
        Assert.Equal(0, await AskAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task A_server_process_that_is_killed_while_it_copies_in_leaves_nothing_and_the_next_statement_works()
    {
        Start("size = 2");
        await RunAsync("create table t (i int)");
        var failing = FailureOfAsync<ConnectionLost>(async () => await Broker.CopyInAsync("orders", $"copy t from stdin", KillingAsync()));
        Assert.True((await failing).SafeToRetry);
        Assert.Equal(0, await AskAsync<long>("select count(*) from t"));

        async IAsyncEnumerable<ReadOnlyMemory<byte>> KillingAsync()
        {
            yield return "1\n"u8.ToArray();
            var pid = (await Broker.GetStatusAsync("orders")).Leases.Single().BackendPid;
            await RunAsync($"select pg_terminate_backend({pid})");
            for (var i = 0; i < 10_000; i++)
            {
                yield return Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("2\n", 30_000)));
            }
        }
    }

    [Fact]
    public async Task A_copy_out_that_is_disposed_early_is_cancelled_and_keeps_the_connection()
    {
        Start();
        var pid = await PidAsync();
        for (var round = 1; round <= 10; round++)
        {
            await using (var data = await Broker.CopyOutAsync("orders",
                $"copy (select repeat('x', 1000), generate_series(1, 100000000)) to stdout"))
            {
                Assert.NotEqual(0, await data.ReadAsync(new byte[100]));
            }
            Assert.Equal(pid, await PidAsync());
        }
    }

    [Fact]
    public async Task A_copy_out_that_is_cancelled_while_the_server_computes_is_cancelled_there_and_keeps_its_connection()
    {
        Start("size = 2, overflow = 0");
        await using var lease = await Home.LeaseAsync("orders");
        using var cancel = new CancellationTokenSource();
        var copying = Broker.CopyOutAsync("orders", $"copy (select pg_sleep(60)) to stdout", cancel.Token).AsTask();
        var pid = await WaitingProcessAsync(lease, "PgSleep");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_copy_in_that_is_cancelled_while_it_waits_for_a_lock_is_cancelled_on_the_server_and_keeps_its_connection()
    {
        Start("size = 2, overflow = 0");
        await RunAsync("create table t (i int)");
        await using var lease = await Home.LeaseAsync("orders");
        await using var locking = new NpgsqlCommand("begin; lock table t", lease.Connection);
        await locking.ExecuteNonQueryAsync();
        using var cancel = new CancellationTokenSource();
        var copying = Broker.CopyInAsync("orders", $"copy t from stdin", Bytes("1\n"), cancel.Token).AsTask();
        var pid = await WaitingProcessAsync(lease, "relation");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copying);
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task An_error_in_the_middle_of_a_copy_out_comes_behind_the_bytes_before_it()
    {
        Start(stream: "chunk-bytes = 1KiB");
        var pid = await PidAsync();
        await using var data = await Broker.CopyOutAsync("orders",
            $"copy (select 10000000 / (2000 - i) from generate_series(1, 5000) i) to stdout");
        var read = 0L;
        var failed = await FailureOfAsync<StatementFailed>(async () =>
        {
            int count;
            while ((count = await data.ReadAsync(new byte[4096])) > 0)
            {
                read += count;
            }
        });
        Assert.Equal("22012", failed.ServerSqlState);
        Assert.InRange(read, 1024, 100_000);
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_context_holds_for_a_copy_and_for_nobody_after_it()
    {
        Start();
        var context = new CallerContext { Settings = CallerContext.None.Settings.Add("app.tenant", "acme") };
        await using var data = await Broker.With(context).CopyOutAsync("orders", $"copy (select current_setting('app.tenant')) to stdout");
        using var text = new StreamReader(data);
        Assert.Equal("acme\n", await text.ReadToEndAsync());
        Assert.Equal("", await AskAsync<string>("select coalesce(current_setting('app.tenant', true), '')"));
    }

    [Theory]
    [InlineData("select 1")]
    [InlineData("copy t from stdin")]
    [InlineData("copy t to '/tmp/file'")]
    [InlineData("copy t to program 'cat'")]
    [InlineData("copy t to stdout; select 1")]
    [InlineData("copy t")]
    [InlineData("")]
    public async Task Only_a_copy_to_its_caller_can_be_copied_out(string text)
    {
        Start();
        await FailureOfAsync<StatementRefused>(async () => await Broker.CopyOutAsync("orders", new Statement(text)));
        Assert.Equal(0, (await Broker.GetStatusAsync("orders")).Opening);
    }

    [Theory]
    [InlineData("insert into t values (1)")]
    [InlineData("copy t to stdout")]
    [InlineData("copy t from '/tmp/file'")]
    [InlineData("begin; copy t from stdin")]
    public async Task Only_a_copy_from_its_caller_can_be_copied_in(string text)
    {
        Start();
        await FailureOfAsync<StatementRefused>(async () => await Broker.CopyInAsync("orders", new Statement(text), Bytes("")));
    }

    [Theory]
    [InlineData("copy t to stdout (format nonsense)", "22023")]
    [InlineData("copy nowhere to stdout", "42P01")]
    [InlineData("copy nowhere to stdout (format binary)", "42P01")]
    public async Task A_copy_that_the_server_refuses_keeps_the_connection(string text, string state)
    {
        Start();
        await RunAsync("create table t (i int)");
        var pid = await PidAsync();
        Assert.Equal(state,
            (await FailureOfAsync<StatementFailed>(async () => await Broker.CopyOutAsync("orders", new Statement(text)))).ServerSqlState);
        Assert.Equal(pid, await PidAsync());
    }

    /// <summary>The stream's server process, as soon as it waits for this.</summary>
    private async Task<int> WaitingProcessAsync(Lease lease, string waitEvent)
    {
        var lent = await UntilAsync(status => status.Lent == 2);
        var pid = lent.Leases.Single(one => one.BackendPid != lease.BackendPid).BackendPid;
        // What a transaction has read of the activity once, it reads again the same.
        await using var look = new NpgsqlCommand($"select pg_stat_clear_snapshot(), wait_event from pg_stat_get_activity({pid})",
            lease.Connection);
        string? seen;
        do
        {
            await using var reader = await look.ExecuteReaderAsync();
            seen = await reader.ReadAsync() && !reader.IsDBNull(1) ? reader.GetString(1) : null;
        }
        while (seen != waitEvent);
        return pid;
    }

    private static MemoryStream Bytes(string text) => new(Encoding.ASCII.GetBytes(text));

    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Failing()
    {
        yield return "1\n"u8.ToArray();
        await Task.Yield();
        throw new IOException("no more");
    }

    /// <summary>The binary format: a header, rows of one value, a trailer (PostgreSQL manual, COPY).</summary>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> Large(int rows, int size)
    {
        await Task.Yield();
        yield return (byte[])[.. "PGCOPY\n\u00ff\r\n\0"u8[..7], 0xff, (byte)'\r', (byte)'\n', 0, 0, 0, 0, 0, 0, 0, 0, 0];
        for (var row = 0; row < rows; row++)
        {
            var bytes = new byte[6 + size];
            bytes[1] = 1;
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(2), size);
            new Random(row).NextBytes(bytes.AsSpan(6));
            yield return bytes;
        }
        yield return new byte[] { 0xff, 0xff };
    }
}
