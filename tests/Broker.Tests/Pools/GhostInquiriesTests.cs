using Akka.Actor;
using Broker.Budgets;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands;
using Broker.Pools;
using Broker.Statements;
using Xunit;

namespace Broker.Tests.Pools;

/// <summary>Whose answer an answer about ghosts is.</summary>
public sealed class GhostInquiriesTests
{
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly BackendIdentity Ghost = new(7, Start, Start, 1, "db1:5432", 150000);

    [Fact]
    public void An_answer_counts_for_the_host_that_gave_it_and_not_for_the_ghosts_own()
    {
        var inquiries = new GhostInquiries();
        var probe = new BudgetEvents.ProbeGhosts(3, [Ghost]);
        inquiries.Asked(probe);
        inquiries.Sent(Trip(probe), "db2:5432");
        var sighting = inquiries.Read(new ProbeAnswered(3, Answer(Start.AddHours(1))));
        Assert.Equal("db2:5432", sighting!.Server);
        Assert.False(GhostProbe.ProvesGone(sighting, Ghost));
    }

    [Fact]
    public void A_question_that_ran_again_is_answered_by_the_host_it_went_to_last()
    {
        var inquiries = new GhostInquiries();
        var probe = new BudgetEvents.ProbeGhosts(3, [Ghost]);
        inquiries.Asked(probe);
        inquiries.Sent(Trip(probe), "db2:5432");
        inquiries.Sent(Trip(probe), "db1:5432");
        Assert.True(GhostProbe.ProvesGone(inquiries.Read(new ProbeAnswered(3, Answer(Start.AddHours(1))))!, Ghost));
    }

    [Fact]
    public void A_refusal_and_an_answer_of_nobody_known_prove_nothing()
    {
        var inquiries = new GhostInquiries();
        var probe = new BudgetEvents.ProbeGhosts(3, [Ghost]);
        inquiries.Asked(probe);
        inquiries.Sent(Trip(probe), "db1:5432");
        Assert.Null(inquiries.Read(new ProbeAnswered(3, new Refused(new Cancelled("now")))));
        Assert.Null(inquiries.Read(new ProbeAnswered(3, Answer(Start))));
    }

    private static ErrandCompleted Answer(DateTime postmasterStart) => new("SELECT", 1, new RowSet(
        [
            new Column<DateTime>(new("start", "timestamptz", 1184), postmasterStart),
            Column<int>.OneNull(new("pid", "int4", 23)),
            Column<DateTime>.OneNull(new("backend_start", "timestamptz", 1184)),
        ], 1));

    private static Trip Trip(BudgetEvents.ProbeGhosts probe)
    {
        var request = GhostInquiry.Errand(probe);
        var facts = new TextFacts(request.Statement.Text, "SELECT", Travel.Alone, false, true);
        return new(TripShape.Alone, TripLane.None, CallerContext.None, [new(request, ActorRefs.Nobody, facts, new SharedEstimate(), 0, 0)]);
    }
}
