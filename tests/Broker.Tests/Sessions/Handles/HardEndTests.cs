using System.ComponentModel.DataAnnotations;
using System.ComponentModel.DataAnnotations.Schema;
using System.Runtime.CompilerServices;
using Broker.Client;
using Broker.Client.Executing;
using Broker.Client.Protocol.Failures;
using Broker.Client.Sessions;
using Xunit;

namespace Broker.Tests.Sessions.Handles;

/// <summary>
/// Ends that are not quite what was hoped for: nothing is done twice, nothing is lost without a word, and nobody is left behind.
/// </summary>
public sealed class HardEndTests : HandleStage
{
    [Table("sums")]
    public sealed class Sum
    {
        public int Id { get; set; }

        public int? A { get; set; }

        [DatabaseGenerated(DatabaseGeneratedOption.Computed)]
        public int Total { get; set; }
    }

    [Table("notes")]
    public sealed record Note(int Id, int? NoteId);

    [Table("readings")]
    public sealed class Reading
    {
        [Key]
        public int Sensor { get; set; }

        [Key]
        public DateTimeOffset At { get; set; }

        public double Value { get; set; }
    }

    [Fact]
    public async Task A_row_whose_generated_values_do_not_fit_is_written_once_and_its_commit_says_so()
    {
        await DirectlyAsync("create table sums (id int primary key, a int, total int generated always as (a + 1) stored)");
        await using var session = Sessions.Open();
        session.Add(new Sum { Id = 1 });
        Assert.Contains("Sum", Assert.Single((await session.CommitAsync()).Warnings), StringComparison.Ordinal);
        Assert.Empty((await session.CommitAsync()).Warnings);
        Assert.Equal("1", await RowsAsync("sums", "id"));

        session.Add(new Sum { Id = 2 });
        await RefusedAsync<ResultMismatch>(async () => await session.FlushAsync());
        await session.CommitAsync();
        Assert.Equal("1 2", await RowsAsync("sums", "id"));
    }

    [Fact]
    public async Task A_deferred_constraint_names_the_row_at_the_commit_also_when_it_was_sent_before()
    {
        await DirectlyAsync("create table notes (id int primary key, note_id int references notes deferrable initially deferred)");
        await using var session = Sessions.Open();
        Note[] notes = [new(1, 99), new(2, 2)];
        session.AddRange(notes);
        await session.FlushAsync();
        var failure = await RefusedAsync<ForeignKeyViolated>(async () => await session.CommitAsync());
        Assert.Equal(("Note", "NoteId", "1"), (failure.Entity, failure.Property, failure.Key));
        GC.KeepAlive(notes);
    }

    [Fact]
    public async Task A_deferred_constraint_is_told_as_one_also_when_nobody_holds_the_row_any_more()
    {
        await DirectlyAsync("create table notes (id int primary key, note_id int references notes deferrable initially deferred)");
        await using var session = Sessions.Open();
        var row = Add(session);
        await session.FlushAsync();
        for (var i = 0; i < 1_000 && row.IsAlive; i++)
        {
            GC.Collect();
            await Task.Delay(10);
        }
        Assert.False(row.IsAlive);

        var failure = await RefusedAsync<ForeignKeyViolated>(async () => await session.CommitAsync());

        Assert.Equal(("Note", "NoteId", null), (failure.Entity, failure.Property, failure.Key));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static WeakReference Add(Session session)
        {
            var note = new Note(1, 99);
            session.Add(note);
            return new(note);
        }
    }

    [Fact]
    public async Task A_key_with_a_time_finds_its_object_whatever_is_less_than_a_microsecond()
    {
        await DirectlyAsync("create table readings (sensor int, at timestamptz, value double precision, primary key (sensor, at))");
        await using var session = Sessions.Open();
        foreach (var at
            in new[] { new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero)
                .AddTicks(1234567), new(new DateTime(1969, 7, 20, 20, 17, 40, DateTimeKind.Utc).AddTicks(7654321)) })
        {
            var reading = new Reading { Sensor = 1, At = at, Value = 1 };
            session.Add(reading);
            await session.FlushAsync();
            Assert.Same(reading, Assert.Single(await session.QueryAsync<Reading>($"select * from readings where at = {at}")));
            await session.CommitAsync();
            Assert.Same(reading, await session.GetAsync<Reading>((1, at)));
        }
    }

    [Fact]
    public async Task Work_that_has_committed_by_itself_is_not_run_again()
    {
        var runs = 0;
        var thrown = await Assert.ThrowsAsync<BrokerException>(() => new SessionExecutor(Sessions).RunAsync(async session =>
        {
            runs++;
            session.Add(new Item { Name = "cup", Price = 1 });
            await session.CommitAsync();
            await session.ExecuteAsync($"do $$ begin raise exception using errcode = '40001'; end $$");
        }));

        Assert.Equal((1, "40001"), (runs, thrown.SqlState));
        Assert.Equal("cup", await RowsAsync("items", "name"));
    }

    [Fact]
    public async Task A_session_that_is_closed_takes_nothing_any_more()
    {
        var session = Sessions.Open();
        session.Add(new Tag("red", 1));
        await session.CommitAsync();
        await session.DisposeAsync();
        var late = new Tag("blue", 1);
        Assert.IsType<ConversationGone>(Assert.Throws<BrokerException>(() => session.Add(late)).Failure);

        await using var other = Sessions.Open();
        other.Add(late);
        await other.CommitAsync();
        Assert.Equal("blue red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_guest_whose_failure_the_owner_has_rolled_back_goes_on()
    {
        await using var owner = Sessions.Open();
        await owner.QueryAsync<int>($"select 1");
        await using var guest = await Sessions.JoinAsync(owner.Id);
        await RefusedAsync<StatementFailed>(async () => await guest.QueryAsync<int>($"select 1/0"));
        await RefusedAsync<ConversationFailed>(async () => await guest.QueryAsync<int>($"select 1"));
        Assert.Empty(await guest.AcknowledgeAsync());
        await owner.RollbackAsync();

        Assert.Equal(MovedBy.Rollback, Assert.Single(await guest.AcknowledgeAsync()).How);
        guest.Add(new Tag("red", 1));
        await guest.FlushAsync();
        await owner.CommitAsync();
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }

    [Fact]
    public async Task A_hook_that_calls_its_session_behind_a_commit_is_told_of_as_committed()
    {
        Session? self = null;
        await using var session =
            With(new() { Hooks = new() { AfterCommit = async (_, cancellation) => await self!.FlushAsync(cancellation) } }).Open();
        self = session;
        session.Add(new Tag("red", 1));
        var failed = await RefusedAsync<SessionHookFailed>(async () => await session.CommitAsync());
        Assert.Equal((true, false), (failed.Committed, failed.SafeToRetry));
        Assert.Equal("red", await RowsAsync("tags", "name"));
    }
}
