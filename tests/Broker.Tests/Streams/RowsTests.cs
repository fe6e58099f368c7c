using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Tests.Hosting;
using Xunit;

namespace Broker.Tests.Streams;

/// <summary>Streamed rows, from the server to the loop that reads them.</summary>
public sealed class RowsTests : StreamStage
{
    // In the list, not in FROM, where the server would make all of them before the first is sent.
    private const string Endless = "select generate_series(1, 100000000), repeat('x', 1000)";

    [Fact]
    public async Task Two_hundred_thousand_rows_arrive_in_order_and_the_connection_is_free_when_they_end()
    {
        Start();
        var expected = 0;
        await foreach (var i in Stream<int>("select i from generate_series(1, 200000) i"))
        {
            Assert.Equal(++expected, i);
        }
        Assert.Equal(200_000, expected);
        await UntilAsync(static status => status is { Lent: 0, Idle: 1 });
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task The_server_is_read_no_further_than_was_asked_for()
    {
        Start("size = 2", "chunk-rows = 10, chunk-bytes = 1MiB");
        await RunAsync("create sequence produced");
        var (id, stream) =
            await OpenAsync(new QueryRows(new Statement("select nextval('produced'), repeat('x', 10000), generate_series(1, 1000000)")));
        stream.Tell(new DemandChunks(id, 2));
        Assert.Equal(10, (await ExpectMsgAsync<StreamRows>()).Rows.Count);
        Assert.Equal(10, (await ExpectMsgAsync<StreamRows>()).Rows.Count);
        // Ten gigabytes: all that the server can have made beyond the 20 rows is what fits into the sockets between us.
        Assert.InRange(await AskAsync<long>("select last_value from produced"), 20, 10_000);
        await ExpectNoMsgAsync(TimeSpan.Zero);
        stream.Tell(new DemandChunks(id, 1));
        var third = Assert.IsType<Column<long>>((await ExpectMsgAsync<StreamRows>()).Rows.Columns[0]);
        Assert.Equal((21, 30), (third[0], third[9]));
        await ExpectNoMsgAsync(TimeSpan.Zero);
        stream.Tell(new CloseStream(id));
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_stream_without_rows_says_its_columns()
    {
        Start();
        var (id, stream) = await OpenAsync(new QueryRows(new Statement("select 1 as a, 2 as b where false")));
        stream.Tell(new DemandChunks(id, 2));
        var only = (await ExpectMsgAsync<StreamRows>()).Rows;
        Assert.Equal((0, "b"), (only.Count, only.Columns[1].Description.Name));
        await ExpectMsgAsync<StreamEnded>();
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_reader_is_sent_at_most_as_many_chunks_ahead_as_the_setting_says()
    {
        Start("size = 1", "chunk-rows = 1, chunks-ahead = 3");
        var (id, stream) = await OpenAsync(new QueryRows(new Statement("select i from generate_series(1, 5) i")));
        stream.Tell(new DemandChunks(id, 1000));
        for (var chunk = 0; chunk < 3; chunk++)
        {
            await ExpectMsgAsync<StreamRows>();
        }
        stream.Tell(new CloseStream(id));
        Watch(stream);
        await ExpectTerminatedAsync(stream);
    }

    [Fact]
    public async Task Leaving_the_loop_early_cancels_the_rest_and_keeps_the_connection()
    {
        Start();
        var pid = await PidAsync();
        for (var round = 1; round <= 20; round++)
        {
            await foreach (var (i, _) in Stream<(int, string)>(Endless))
            {
                if (i == round)
                {
                    break;
                }
            }
            // A cancel request that came late would hit what is asked for here.
            Assert.Equal(pid, await PidAsync());
        }
    }

    [Fact]
    public async Task An_error_in_the_middle_comes_behind_the_chunks_before_it_and_keeps_the_connection()
    {
        Start(stream: "chunk-rows = 100");
        var pid = await PidAsync();
        var read = 0;
        var failed = await FailureOfAsync<StatementFailed>(async () =>
        {
            await foreach (var _ in Stream<int>("select 1000 / (250 - i) from generate_series(1, 1000) i"))
            {
                read++;
            }
        });
        Assert.Equal(("22012", 200), (failed.ServerSqlState, read));
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_statement_that_the_server_refuses_at_once_keeps_the_connection()
    {
        Start();
        var pid = await PidAsync();
        var failed = await FailureOfAsync<StatementFailed>(async () => await Stream<int>("select * from nowhere").ToListAsync());
        Assert.Equal("42P01", failed.ServerSqlState);
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_server_process_that_is_killed_in_the_middle_fails_the_stream_and_the_next_statement_works()
    {
        Start("size = 2");
        await using var rows = Stream<(int, string)>(Endless).GetAsyncEnumerator();
        await rows.MoveNextAsync();
        var pid = (await Broker.GetStatusAsync("orders")).Leases.Single().BackendPid;
        await RunAsync($"select pg_terminate_backend({pid})");
        var lost = await FailureOfAsync<ConnectionLost>(async () =>
        {
            while (await rows.MoveNextAsync())
            {
            }
        });
        Assert.True(lost.SafeToRetry);
        await UntilAsync(status => status.Lent == 0);
        Assert.Equal(3, await Stream<int>("select generate_series(1, 3)").CountAsync());
    }

    [Fact]
    public async Task A_reader_that_stalls_is_closed_with_a_reason_and_keeps_nobody_waiting()
    {
        Start(stream: "idle-limit = 1s, chunk-rows = 1");
        await using var rows = Stream<(int, string)>(Endless).GetAsyncEnumerator();
        await rows.MoveNextAsync();
        Assert.Equal(1, await AskAsync<int>("select 1"));
        var lease = await UntilAsync(status => status.Lent == 0);
        Assert.Equal(0, lease.Waiting);
        var stalled = await FailureOfAsync<StreamStalled>(async () =>
        {
            while (await rows.MoveNextAsync())
            {
            }
        });
        Assert.Equal(TimeSpan.FromSeconds(1), stalled.Limit);
    }

    [Fact]
    public async Task A_context_holds_for_the_stream_and_for_nobody_after_it()
    {
        Start();
        await RunAsync("create role clerk");
        var context = new CallerContext(Role: "clerk") { Settings = CallerContext.None.Settings.Add("app.tenant", "acme") };
        var rows = await Broker.With(context)
            .StreamAsync<(string, string)>("orders", $"select current_user::text, current_setting('app.tenant') from generate_series(1, 2)")
                .ToListAsync();
        Assert.Equal([("clerk", "acme"), ("clerk", "acme")], rows);
        Assert.NotEqual("clerk", await AskAsync<string>("select current_user::text"));
        Assert.Equal("", await AskAsync<string>("select coalesce(current_setting('app.tenant', true), '')"));
    }

    [Theory]
    [InlineData("reset = rollback")]
    [InlineData("reset = none")]
    public async Task What_a_streamed_statement_sets_in_its_session_reaches_nobody_after_it(string reset)
    {
        Start($"size = 1, overflow = 0, {reset}");
        var pid = await PidAsync();
        await Stream<string>("select set_config('app.tenant', 'acme', false)").ToListAsync();
        await Stream<string>("select pg_advisory_lock(42)::text").ToListAsync();
        Assert.Equal("", await AskAsync<string>("select coalesce(current_setting('app.tenant', true), '')"));
        Assert.Equal(0, await AskAsync<long>("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()"));
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_reader_that_cancels_while_it_waits_leaves_the_line()
    {
        Start();
        await using var rows = Stream<(int, string)>(Endless).GetAsyncEnumerator();
        await rows.MoveNextAsync();
        using var cancel = new CancellationTokenSource();
        var waiting = Stream<int>("select 1", cancel.Token).ToListAsync().AsTask();
        await UntilAsync(status => status.Waiting == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => waiting);
        await UntilAsync(status => status.Waiting == 0);
    }

    [Fact]
    public async Task A_statement_that_is_cancelled_before_its_first_row_is_cancelled_on_the_server()
    {
        Start();
        var pid = await PidAsync();
        using var cancel = new CancellationTokenSource();
        var running = Stream<string>("select pg_sleep(60)::text", cancel.Token).ToListAsync().AsTask();
        await UntilAsync(status => status.Lent == 1);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<OperationCanceledException>(() => running);
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_stream_waits_for_its_connection_no_longer_than_its_caller_allows()
    {
        Start();
        await using var rows = Stream<(int, string)>(Endless).GetAsyncEnumerator();
        await rows.MoveNextAsync();
        var impatient = Broker.With(new ErrandLimits(Wait: TimeSpan.FromMilliseconds(20)));
        await FailureOfAsync<PoolExhausted>(async () => await impatient.StreamAsync<int>("orders", $"select 1").ToListAsync());
    }

    [Theory]
    [InlineData("begin")]
    [InlineData("commit")]
    [InlineData("set app.tenant = 'acme'")]
    [InlineData("listen news")]
    [InlineData("copy t to stdout")]
    [InlineData("select 1; select 2")]
    [InlineData("-- nothing")]
    public async Task A_text_that_means_something_to_the_session_is_refused_before_a_connection_is_asked_for(string text)
    {
        Start();
        var refused = await FailureOfAsync<StatementRefused>(async () => await Stream<int>(text).ToListAsync());
        Assert.Equal(text, refused.Text);
        Assert.Equal(0, (await Broker.GetStatusAsync("orders")).Opening);
    }

    [Fact]
    public async Task A_parameter_that_cannot_be_written_is_refused_before_a_connection_is_asked_for()
    {
        Start();
        var refused = await FailureOfAsync<ParameterRefused>(async () => await Broker.StreamAsync<string>("orders", $"select {"\ud800"}")
            .ToListAsync());
        Assert.Equal(1, refused.Position);
        Assert.Equal(0, (await Broker.GetStatusAsync("orders")).Opening);
    }

    [Fact]
    public async Task What_a_streamed_write_changed_counts_when_it_was_read_to_its_end_and_not_otherwise()
    {
        Start(stream: "chunk-rows = 10");
        await RunAsync("create table t (i int)");
        Assert.Equal(100, await Stream<int>("insert into t select generate_series(1, 100) returning i").CountAsync());
        Assert.Equal(100, await AskAsync<long>("select count(*) from t"));
        await foreach (var _ in Stream<int>("insert into t select generate_series(1, 100) returning i"))
        {
            break;
        }
        Assert.Equal(100, await AskAsync<long>("select count(*) from t"));
    }

    [Fact]
    public async Task What_is_checked_at_commit_fails_the_stream_behind_its_last_row()
    {
        Start();
        await RunAsync("create table t (i int unique deferrable initially deferred)");
        var read = 0;
        var failed = await FailureOfAsync<StatementFailed>(async () =>
        {
            await foreach (var _ in Stream<int>("insert into t values (1), (1) returning i"))
            {
                read++;
            }
        });
        Assert.Equal(("23505", 2), (failed.ServerSqlState, read));
        Assert.Equal(0, await AskAsync<long>("select count(*) from t"));
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_stream_whose_caller_dies_gives_its_connection_back()
    {
        Start();
        var pid = await PidAsync();
        var caller = CreateTestProbe();
        var (id, stream) = await OpenAsync(new QueryRows(new Statement(Endless)), caller);
        stream.Tell(new DemandChunks(id, 1));
        await caller.ExpectMsgAsync<StreamRows>();
        Sys.Stop(caller.Ref);
        Assert.Equal(pid, await PidAsync());
    }

    [Fact]
    public async Task A_stream_whose_lease_is_called_back_is_told_so_at_once()
    {
        Start("size = 2");
        await using var rows = Stream<(int, string)>(Endless).GetAsyncEnumerator();
        await rows.MoveNextAsync();
        await Broker.InvalidateAsync("orders", hard: true);
        await FailureOfAsync<LeaseRevoked>(async () =>
        {
            while (await rows.MoveNextAsync())
            {
            }
        });
        Assert.Equal(1, await AskAsync<int>("select 1"));
    }

    [Fact]
    public async Task A_stream_that_is_open_when_the_broker_has_waited_long_enough_to_stop_is_called_back()
    {
        Start(shutdown: "drain-timeout = 100ms");
        var reading = Assert.ThrowsAsync<BrokerException>(ReadAsync);
        await UntilAsync(status => status.Lent == 1);
        await CoordinatedShutdown.Get(Sys).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
        // The pool calls the lease back and then the system ends: on a busy machine the second may be heard first, or, from afar, neither.
        var failure = (await reading).Failure;
        Assert.True(failure is LeaseRevoked or BrokerStopping || WayIn.IsLossOfWay(failure), $"{failure}");
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_stream_whose_connection_is_gone_before_it_could_be_returned_ends_all_the_same()
    {
        Start();
        var caller = CreateTestProbe();
        var (id, stream) = await OpenAsync(new QueryRows(new Statement(Endless)), caller);
        var owner = await Sys.ActorSelection((await PoolAsync()).Path / "c1").ResolveOne(TimeSpan.FromSeconds(20));
        // Each ends the stream, the second while it is on its way to rest after the first.
        stream.Tell(new SendCopyData(id, new byte[] { 1 }));
        Sys.Stop(owner);
        Assert.IsType<StatementRefused>((await caller.ExpectMsgAsync<Refused>()).Failure);
        Assert.Equal(1, await AskAsync<int>("select 1"));
    }

    [AtHomeFact("its caller is an actor that speaks to the pool itself")]
    public async Task A_stream_whose_pool_dies_is_told_so()
    {
        Start();
        var reading = FailureOfAsync<BrokerStopping>(ReadAsync);
        await UntilAsync(status => status.Lent == 1);
        Sys.Stop(await PoolAsync());
        await reading;
    }

    private async Task ReadAsync()
    {
        await foreach (var _ in Stream<(int, string)>(Endless))
        {
        }
    }

    [Fact]
    public async Task The_pools_status_says_which_stream_holds_which_connection()
    {
        Start();
        await using var rows = Stream<(int, string)>(Endless).GetAsyncEnumerator();
        await rows.MoveNextAsync();
        var lease = (await Broker.GetStatusAsync("orders")).Leases.Single();
        Assert.StartsWith("stream ", lease.Holder, StringComparison.Ordinal);
        Assert.Equal("streams rows", lease.Purpose);
    }
}
