using Akka.TestKit.Xunit2;
using Broker.Client.Protocol;
using Broker.Doors;
using Broker.Tests.Platforms;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Which handles a remote client has: what it has not is not given up when it goes.</summary>
public sealed class HeldHandlesTests() : TestKit(Patience.Hocon)
{
    [Fact]
    public void A_handle_that_opens_a_conversation_anew_is_not_gone_with_the_one_before()
    {
        var (held, handle) = (new HeldHandles(), (SessionId.Draw(), HandleId.Draw()));
        var (before, now) = (CreateTestProbe().Ref, CreateTestProbe().Ref);
        held.Add(handle);
        held.Answered(handle, before);

        held.Add(handle);
        held.Gone(before);

        Assert.True(held.Has(handle));
        held.Answered(handle, now);
        held.Gone(now);
        Assert.False(held.Has(handle));
    }
}
