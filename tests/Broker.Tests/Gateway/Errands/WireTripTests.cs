using Akka.Actor;
using Broker.Errands;
using Broker.Gateway.Errands;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Xunit;

namespace Broker.Tests.Gateway.Errands;

public sealed class WireTripTests
{
    [Fact]
    public void An_errand_whose_client_is_gone_is_carried_all_the_same_and_leaves_no_text_behind()
    {
        var book = new StatementBook();
        var link = LinkOf(book);
        var client = new ClientStatements(book);
        var text = new PreparedText(WireText.Of("select $1"), []);
        client.Parse(WireText.Of("a"), text);
        var errand = new WireErrand.Series
        {
            Client = ActorRefs.Nobody, Number = 1, Lane = TripLane.Reads, Arrived = 1, Estimate = new SharedEstimate(), Text = text, Statement = null, Parses = false, Describes = false, Values = new byte[6],
        };

        client.End();
        var writer = new WireWriter();
        new ReadTrip(link, book, [errand], 1024, new()).Write(writer);

        Assert.Contains("broker_", System.Text.Encoding.ASCII.GetString(writer.Written.Span), StringComparison.Ordinal);
        Assert.Equal(1, book.Count);
        link.Statements.End();
        Assert.Equal(0, book.Count);
    }

    private static WireLink LinkOf(StatementBook book) => new()
    {
        Actor = ActorRefs.Nobody,
        Slot = default,
        Connection = default,
        Host = new("localhost", 5432),
        Channel = null!,
        Input = null!,
        Key = null,
        Version = ProtocolVersion.V30,
        Backend = null!,
        Presumes = null!,
        Defaults = [],
        Settings = [],
        Statements = new(book, 8),
        OpenedAt = 0,
    };
}
