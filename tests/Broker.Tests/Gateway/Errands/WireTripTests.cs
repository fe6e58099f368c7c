using System.Buffers;
using Akka.Actor;
using Broker.Errands;
using Broker.Gateway.Errands;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
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
            Client = ActorRefs.Nobody, Number = 1, Lane = TripLane.Reads, Arrived = 1, Estimate = new SharedEstimate(), Text = text,
            Statement = null, Parses = false, Describes = false, Values = new byte[6],
        };

        client.End();
        var writer = new WireWriter();
        new ReadTrip(link, book, [errand], 1024, new()).Write(writer);

        Assert.Contains("broker_", System.Text.Encoding.ASCII.GetString(writer.Written.Span), StringComparison.Ordinal);
        Assert.Equal(1, book.Count);
        link.Statements.End();
        Assert.Equal(0, book.Count);
    }

    [Fact]
    public void A_write_without_company_whose_wait_for_a_standby_was_cut_short_is_not_told_before_another_has_waited()
    {
        var book = new StatementBook();
        var link = LinkOf(book);
        var errand = new WireErrand.Simple
        {
            Client = ActorRefs.Nobody, Number = 1, Lane = TripLane.Writes, Arrived = 1, Estimate = new SharedEstimate(),
            Text = WireText.Of("insert into kept values (1)"),
        };
        // the warning is longer than what is held of an answer
        var trip = new WriteTrip(default!, link, book, [errand], replyLimit: 16, new());
        trip.Write(new());

        Hear(trip, ParseComplete.Instance, BindComplete.Instance, NoData.Instance, new CommandComplete(WireText.Of("INSERT 0 1")));
        Hear(trip, new NoticeResponse([Field('S', "WARNING"), Field('C', "01000"), Field('R', "SyncRepWaitForLSN")]),
            new ReadyForQuery(TransactionStatus.Idle));

        Assert.True(trip.AwaitsStandby);
        Assert.False(trip.IsOver);
    }

    private static ReportField Field(char code, string text) => new((byte)code, WireText.Of(text));

    private static void Hear(WireTrip trip, params IBackendMessage[] messages)
    {
        var writer = new WireWriter();
        foreach (var message in messages)
        {
            message.Write(writer);
        }
        var bytes = new ReadOnlySequence<byte>(writer.Written);
        var reader = new FrameReader(FrameLimits.Backend, 1024);
        while (reader.TryRead(ref bytes, out var frame))
        {
            trip.Take(frame);
        }
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
