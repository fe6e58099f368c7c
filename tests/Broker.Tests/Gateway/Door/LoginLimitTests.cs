using Broker.Gateway.Clients;
using Broker.PgWire.Startup;
using Microsoft.Extensions.Time.Testing;
using Xunit;

namespace Broker.Tests.Gateway.Door;

public sealed class LoginLimitTests
{
    [Fact]
    public void The_time_to_log_in_begins_with_the_connection_and_not_again_with_the_startup_message()
    {
        var time = new FakeTimeProvider();
        var introduced = new ClientIntroduced(null!, new StartupMessage(ProtocolVersion.V30, []), new(null, 0, false, null),
            time.GetTimestamp());
        time.Advance(TimeSpan.FromSeconds(40));

        Assert.Equal(TimeSpan.FromSeconds(20), introduced.LeftOf(TimeSpan.FromSeconds(60), time));
        Assert.Equal(TimeSpan.Zero, introduced.LeftOf(TimeSpan.FromSeconds(30), time));
    }
}
