using Akka.Actor;
using Broker.Gateway.Links;
using Broker.Gateway.Shares;
using Broker.Postgres;
using Broker.Tests.Gateway.Links;
using Xunit;

namespace Broker.Tests.Gateway.Shares;

/// <summary>What a share lends, and what it does not.</summary>
public sealed class LinkDeskTests
{
    [Fact]
    public async Task A_link_whose_server_has_said_something_is_lent_to_nobody_before_that_is_heard()
    {
        await using var stage = LinkStage.For(portable: false, await SharedPostgres.CreateDatabaseAsync());
        var link = await stage.OpenAsync();
        var desk = await stage.DoAsync(context =>
        {
            var made = new LinkDesk(stage.Plan, ActorRefs.Nobody, stage.Book, context);
            made.Shelf.Connects(link.Slot, link.Actor);
            made.Shelf.Opened(link);
            made.Shelf.PutIdle(link);
            return made;
        });

        // the loop has said so, and the link's actor has not had its turn
        var lent = await stage.DoAsync(_ =>
        {
            link.Channel.Port.Happened(readable: true, writable: false, hungUp: false);
            return desk.TakeIdle();
        });
        Assert.Null(lent);
        Assert.Same(link, (await stage.HearAsync<LinkEvents.Cleaned>()).Link);

        Assert.Same(link, await stage.DoAsync(_ =>
        {
            desk.Shelf.PutIdle(link);
            return desk.TakeIdle();
        }));
    }
}
