namespace Broker.Postgres.Tests;

public sealed class PostmasterFileTests
{
    [Theory]
    [InlineData("ready   ", true)]
    [InlineData("starting", false)]
    [InlineData("stopping", false)]
    public void The_eighth_line_says_whether_a_server_accepts(string status, bool ready)
    {
        var file = PostmasterFile.Parse($"4242\n/data\n1700000000\n20123\n/run/folder\n127.0.0.1\n  1234567   1\n{status}\n");

        Assert.Equal(new PostmasterFile(4242, "/run/folder", ready), file);
    }

    [Theory]
    [InlineData("4242\n/data\n")]
    [InlineData("4242")]
    public void A_file_that_is_still_being_written_is_of_a_server_that_is_not_ready(string content) =>
        Assert.Equal(new PostmasterFile(4242, "", IsReady: false), PostmasterFile.Parse(content));

    [Fact]
    public void An_empty_file_says_nothing() => Assert.Null(PostmasterFile.Parse(""));

    [Fact]
    public void A_process_that_is_no_server_is_not_taken_for_one() =>
        Assert.False(new PostmasterFile(Environment.ProcessId, "/run/folder", IsReady: true).IsAlive());
}
