using Broker.Host.Tests.Serving;
using Xunit;

namespace Broker.Host.Tests.Demo;

public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_finds_in_its_tables_what_its_callers_and_its_two_processes_were_told()
    {
        using var brokerd = Brokerd.Start("demo");

        Assert.Equal(0, await brokerd.EndAsync());
        Assert.Contains("wrote in a conversation of this one", brokerd.Said, StringComparison.Ordinal);
        Assert.Equal(2, brokerd.Said.Split("Right:").Length - 1);
    }
}
