using System.Net.Sockets;
using Akka.Event;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Remote.Links;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>What one connection may take of the door before it is let in, and afterwards.</summary>
public sealed class KnockingTests : RawStage
{
    [Fact]
    public async Task One_connection_does_not_take_all_logins()
    {
        await StartAsync();
        await using var hostile = new RawClient(Address);

        for (var i = 0; i < 1000; i++)
        {
            hostile.Tell(hostile.Door, new Knock(Options, "broker", hostile.Id).Hello());
        }
        for (var told = 1; told < 1000; told++)
        {
            Assert.IsType<TooManyClients>((await hostile.HearAsync<Refused>()).Failure);
        }

        await using var other = await LoggedInAsync();
        await FindPoolAsync(other);
    }

    [Fact]
    public async Task What_one_says_of_itself_neither_fills_nor_forges_the_log()
    {
        await StartAsync();
        var (heard, lines) = (CreateTestProbe(), new List<string>());
        Sys.EventStream.Subscribe(heard.Ref, typeof(Warning));
        await using var stranger = new RawClient(Address);
        var name = "nobody\n[12:00:00 INF] Client 1 of root is in";

        for (var time = 0; time < 100; time++)
        {
            Assert.IsType<Refused>(await stranger.LoginAsync(time % 2 == 0 ? name : name + new string('x', 100_000)));
        }
        // Its end is told of behind all that.
        using (var other = new TcpClient())
        {
            await other.ConnectAsync("127.0.0.1", new Uri(Address).Port);
            await other.GetStream().WriteAsync("GET / HTTP/1.1"u8.ToArray());
        }
        while (lines.LastOrDefault()?.StartsWith("Closed", StringComparison.Ordinal) != true)
        {
            lines.Add((await heard.ExpectMsgAsync<Warning>(TimeSpan.FromSeconds(20))).Message.ToString()!);
        }

        Assert.InRange(lines.Count, 2, 99);
        Assert.All(lines, static line => Assert.DoesNotContain('\n', line));
        Assert.All(lines, static line => Assert.InRange(line.Length, 1, 1000));
    }

    [Fact]
    public async Task A_name_that_is_too_long_is_refused_by_what_is_wrong_with_it()
    {
        await StartAsync();
        await using var stranger = new RawClient(Address);

        var refused = Assert.IsType<ClientRefused>(Assert.IsType<Refused>(await stranger.LoginAsync(new string('x', 257))).Failure);

        Assert.Equal("28000", refused.SqlState);
        Assert.Contains("257 characters, 256 are allowed", refused.Cause, StringComparison.Ordinal);
        Assert.IsType<ClientRefused>(Assert.IsType<Refused>(await stranger.LoginAsync(new string('x', 256), "guess")).Failure);
    }

    [Fact]
    public async Task A_connection_that_is_not_let_in_or_is_not_in_any_more_is_closed()
    {
        await StartAsync("login-timeout = 5s, silence-limit = 60s");
        await using var stays = await LoggedInAsync();
        await using var mute = new RawClient(Address);
        mute.Tell(mute.Door, Goodbye.Instance);
        await using var silent = new RawClient(Address);
        silent.Tell(silent.Door, new Knock(Options, "broker", silent.Id).Hello());
        await using var refused = new RawClient(Address);
        Assert.IsType<Refused>(await refused.LoginAsync(password: "guess"));
        await using var gone = await LoggedInAsync();
        gone.Tell(gone.Gate, Goodbye.Instance);
        await using var replaced = await LoggedInAsync();
        await using var again = new RawClient(Address);
        Assert.True(Assert.IsType<Admitted>(await again.LoginAsync(resumes: replaced.Id)).Resumed);

        await Task.WhenAll(mute.EndedAsync(), silent.EndedAsync(), refused.EndedAsync(), gone.EndedAsync(), replaced.EndedAsync());

        await FindPoolAsync(stays);
        await FindPoolAsync(again);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task A_client_that_acknowledges_what_it_has_not_read_is_closed(int ahead)
    {
        await StartAsync("login-timeout = 4s");
        await using var proxy = new FaultProxy(Address);
        await using var deaf = await LoggedInAsync(address: proxy.Address);
        await FindPoolAsync(deaf);
        proxy.StopReading();
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        for (var i = 0; i < 400; i++)
        {
            deaf.Ask(Pool, 100 + i, Errand("select repeat('x', 200000)"));
        }
        var ended = deaf.EndedAsync();
        for (var sequence = 2L; !ended.IsCompleted; sequence += ahead)
        {
            deaf.Acknowledge(sequence);
            await Task.WhenAny(ended, Task.Delay(5));
        }

        await ended;
        await AssertWholeAsync();
    }
}
