using Akka.Dispatch;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class RemoteTurnTests
{
    private readonly List<string> _done = [];

    [Fact]
    public void What_becomes_due_in_a_turn_is_done_by_its_thread_behind_what_is_being_done()
    {
        RemoteTurn.Begin(
            static test =>
            {
                RemoteTurn.DoLast(new Work(() =>
                {
                    test._done.Add("last");
                    RemoteTurn.Do(new Work(() => test._done.Add("due by it")));
                }));
                RemoteTurn.Do(new Work(() => test._done.Add("due")));
                test._done.Add("first");
            }, this);

        Assert.Equal(["first", "due", "last", "due by it"], _done);
    }

    [Fact]
    public void What_may_be_done_beside_the_turn_is_when_something_waits_already()
    {
        using var beside = new ManualResetEventSlim();

        // It would wait in vain if the other were this thread's too.
        RemoteTurn.Begin(
            static beside =>
            {
                RemoteTurn.DoLast(new Work(() => Assert.True(beside.Wait(TimeSpan.FromSeconds(30)))));
                RemoteTurn.DoLast(new Work(beside.Set));
            }, beside);
    }

    [Fact]
    public async Task A_borrowed_thread_leaves_what_is_more_than_its_own_to_another()
    {
        var threads = new List<Thread>();
        var last = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Again(int left)
        {
            threads.Add(Thread.CurrentThread);
            if (left == 0)
            {
                last.SetResult();
            }
            else
            {
                RemoteTurn.Do(new Work(() => Again(left - 1)));
            }
        }

        var borrowed = new Thread(() => RemoteTurn.Borrow(static again => again(20), (Action<int>)Again));
        borrowed.Start();
        await last.Task.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(21, threads.Count);
        Assert.InRange(threads.Count(thread => thread == borrowed), 2, 10);
    }

    [Fact]
    public async Task What_is_done_last_is_done_although_something_is_always_due()
    {
        const int Endless = 100_000;
        var last = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var runs = 0;
        void Again()
        {
            // As an actor that is told more while it runs.
            if (Interlocked.Increment(ref runs) < Endless && !last.Task.IsCompleted)
            {
                RemoteTurn.Do(new Work(Again));
            }
        }

        RemoteTurn.Begin(
            static work =>
            {
                RemoteTurn.DoLast(work.Last);
                RemoteTurn.Do(work.Again);
            }, (Last: new Work(() => last.SetResult(Volatile.Read(ref runs))), Again: new Work(Again)));

        Assert.InRange(await last.Task.WaitAsync(TimeSpan.FromSeconds(30)), 1, Endless - 1);
    }

    [Fact]
    public async Task What_a_borrowed_thread_begins_does_not_keep_what_its_caller_has()
    {
        AsyncLocal<string?> callers = new();
        var begun = new List<Task<string>>();
        void BeginOne() => begun.Add(Task.Run(() => callers.Value ?? "nobody's"));
        var borrowed = new Thread(() =>
        {
            callers.Value = "the caller's";
            RemoteTurn.Borrow(static begin => begin(), (Action)BeginOne);
            BeginOne();
        });
        borrowed.Start();
        borrowed.Join();

        Assert.Equal(["nobody's", "the caller's"], await Task.WhenAll(begun));
    }

    [Fact]
    public void When_what_a_turn_begins_with_fails_what_became_due_is_done_and_the_thread_is_free()
    {
        Assert.Throws<InvalidOperationException>(() => RemoteTurn.Begin(
            static test =>
            {
                RemoteTurn.DoLast(new Work(() => test._done.Add("last")));
                RemoteTurn.Do(new Work(() => test._done.Add("due")));
                throw new InvalidOperationException();
            }, this));

        Assert.Equal(["due", "last"], _done);
        Assert.False(RemoteTurn.TryDoLater(new Work(static () => { })));
    }

    [Fact]
    public void A_thread_with_a_context_of_its_own_is_not_borrowed()
    {
        var before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(new());
        try
        {
            RemoteTurn.Borrow(static test => test._done.Add(RemoteTurn.TryDoLater(new Work(static () => { })) ? "borrowed" : "not borrowed"), this);
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }

        Assert.Equal(["not borrowed"], _done);
    }

    private sealed class Work(Action work) : IRunnable
    {
        public void Run() => work();

        public void Execute() => work();
    }
}
