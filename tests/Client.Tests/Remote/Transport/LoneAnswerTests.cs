using System.Threading.Tasks.Sources;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class LoneAnswerTests
{
    private readonly LoneAnswer _answer = new();
    private readonly List<string> _happened = [];

    [Fact]
    public void The_caller_of_a_lone_answer_goes_on_on_the_reading_thread_when_the_next_read_is_under_way()
    {
        Assert.True(_answer.TryKeep(new Caller(_happened), "one"));
        var socket = new Socket(_happened);

        _ = ReadAsync(socket);
        Assert.Equal(["awaited", "one here"], _happened);

        socket.Comes(5);
        Assert.Equal(["awaited", "one here", "read 5"], _happened);
    }

    [Fact]
    public void Of_several_that_came_together_none_holds_up_the_reading_thread()
    {
        var second = new Caller(_happened);
        Assert.True(_answer.TryKeep(new Caller(_happened), "one"));
        Assert.False(_answer.TryKeep(second, "two"));
        Assert.False(_answer.TryKeep(second, "three"));

        _ = ReadAsync(new(_happened));

        Assert.Equal(["one elsewhere", "awaited"], _happened);
    }

    [Fact]
    public void After_several_the_next_may_be_alone_again()
    {
        var caller = new Caller(_happened);
        Assert.True(_answer.TryKeep(caller, "one"));
        Assert.False(_answer.TryKeep(caller, "two"));
        _ = ReadAsync(new(_happened));

        Assert.True(_answer.TryKeep(caller, "three"));
    }

    [Fact]
    public void When_there_is_more_to_read_at_once_the_caller_goes_on_elsewhere()
    {
        Assert.True(_answer.TryKeep(new Caller(_happened), "one"));
        var socket = new Socket(_happened);
        socket.Comes(5);

        _ = ReadAsync(socket);

        Assert.Equal(["one elsewhere", "read 5"], _happened);
    }

    [Fact]
    public void At_the_end_of_reading_what_is_kept_is_told_once()
    {
        Assert.True(_answer.TryKeep(new Caller(_happened), "one"));

        _answer.Tell();
        _answer.Tell();

        Assert.Equal(["one elsewhere"], _happened);
    }

    private async Task ReadAsync(Socket socket) => _happened.Add($"read {await _answer.While(new ValueTask<int>(socket, 0))}");

    private sealed class Caller(List<string> happened) : IAnswered
    {
        public void GoOn(object answer, bool here) => happened.Add($"{answer} {(here ? "here" : "elsewhere")}");
    }

    /// <summary>One read, whose continuation runs where the bytes come.</summary>
    private sealed class Socket(List<string> happened) : IValueTaskSource<int>
    {
        private int? _count;
        private Action? _reader;

        internal void Comes(int count)
        {
            _count = count;
            _reader?.Invoke();
        }

        public int GetResult(short token) => _count!.Value;

        public ValueTaskSourceStatus GetStatus(short token) => _count is null ? ValueTaskSourceStatus.Pending : ValueTaskSourceStatus.Succeeded;

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            happened.Add("awaited");
            _reader = () => continuation(state);
        }
    }
}
