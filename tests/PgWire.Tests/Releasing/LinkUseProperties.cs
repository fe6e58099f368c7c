using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Releasing;

/// <summary>The release rule against a server that does what PostgreSQL does, in random histories of both sides.</summary>
public sealed class LinkUseProperties
{
    private static readonly FrontendType[] Sendable =
        [.. Enum.GetValues<FrontendType>().Except([FrontendType.Terminate, FrontendType.AuthenticationResponse]), FrontendType.Sync,
            FrontendType.Sync, FrontendType.CopyDone];

    [Property(MaxTest = 5_000)]
    public void A_link_is_released_exactly_when_the_server_is_free(int seed)
    {
        var random = new Random(seed);
        var (server, link) = (new ModelServer(random), new LinkUse());
        for (var step = 0; step < 60; step++)
        {
            Next(random, server, link);
            Judge(server, link);
        }

        // whatever was left over is answered once the client ends what it began
        for (var round = 0; round < 40 && !server.IsFree; round++)
        {
            End(server, link);
            Judge(server, link);
        }
        Assert.True(server.IsFree || link.IsDoubtful || server.Status != TransactionStatus.Idle);
    }

    [Property(MaxTest = 2_000)]
    public void A_client_that_waits_for_the_answer_before_it_sends_data_never_makes_a_link_doubtful(int seed)
    {
        var random = new Random(seed);
        var (server, link) = (new ModelServer(random), new LinkUse());
        for (var step = 0; step < 60; step++)
        {
            var type = random.GetItems(Sendable, 1)[0];
            var ofCopy = type is FrontendType.CopyData or FrontendType.CopyDone or FrontendType.CopyFail;
            if (ofCopy == link.IsCopyIn)
                Send(server, link, type, TargetKind.Portal);
            while (server.HasUnread)
                server.Step();
            while (server.HasUndelivered)
                Deliver(server, link);
            Assert.False(link.IsDoubtful);
            Assert.Equal(server.IsFree, link.CanRelease);
        }
    }

    [Property(MaxTest = 5_000)]
    public void Whatever_a_server_says_is_judged_and_never_an_exception(int seed)
    {
        var random = new Random(seed);
        var link = new LinkUse();
        var breached = false;
        for (var step = 0; step < 60; step++)
        {
            if (random.Next(2) == 0)
                link.Sent(random.GetItems(Sendable, 1)[0], random.GetItems(Enum.GetValues<TargetKind>(), 1)[0], random.Next(2) == 0);
            else
                breached |= link.Received(random.GetItems(Enum.GetValues<BackendType>(), 1)[0],
                    random.GetItems(Enum.GetValues<TransactionStatus>(), 1)[0]) == Addressee.Breach;
            Assert.False(breached && link.CanRelease);
        }
    }

    private static void Next(Random random, ModelServer server, LinkUse link)
    {
        switch (random.Next(3))
        {
            case 0:
                Send(server, link, random.GetItems(Sendable, 1)[0], random.GetItems(Enum.GetValues<TargetKind>(), 1)[0]);
                break;
            case 1 when server.HasUnread:
                server.Step();
                break;
            case 2 when server.HasUndelivered:
                Deliver(server, link);
                break;
        }
    }

    private static void End(ModelServer server, LinkUse link)
    {
        while (server.HasUnread)
            server.Step();
        while (server.HasUndelivered)
            Deliver(server, link);
        Send(server, link, link.IsCopyIn ? FrontendType.CopyFail : FrontendType.Sync, default);
        while (server.HasUnread)
            server.Step();
        while (server.HasUndelivered)
            Deliver(server, link);
    }

    // as the gateway does: what the server does not hear is not sent
    private static void Send(ModelServer server, LinkUse link, FrontendType type, TargetKind target)
    {
        if (link.IsCopyIn && type is FrontendType.Sync or FrontendType.Flush)
            return;
        server.Send(type, target);
        link.Sent(type, target);
    }

    private static void Deliver(ModelServer server, LinkUse link)
    {
        var (type, status) = server.Deliver();
        var addressee = link.Received(type, status);
        Assert.True(addressee != Addressee.Breach || link.IsDoubtful);
        Assert.True(link.IsDoubtful
            || (type is BackendType.NoticeResponse or BackendType.ParameterStatus) == (addressee == Addressee.Anyone));
    }

    private static void Judge(ModelServer server, LinkUse link)
    {
        Assert.False(link.CanRelease && !server.IsFree, "released while the server was not free");
        Assert.False(server.IsFree && !link.IsDoubtful && !link.CanRelease, "kept while the server was free");
    }
}
