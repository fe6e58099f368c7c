using Broker.Connections;
using Broker.Settlement;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Broker.Tests.Settlement;

public sealed class SettlementStateTests
{
    private static readonly SettleLimits Limits = SettleLimits.For(TimeSpan.FromSeconds(10));
    private static readonly DateTime Start = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly BackendIdentity Backend = new(7, Start.AddHours(1), Start, 3, "db:5432", 150000);
    private static readonly ServerSighting Same = new(false, Start, 3, Start.AddMinutes(1), false);

    [Fact]
    public void Without_a_commit_sent_it_has_aborted_and_nobody_is_asked() =>
        Assert.IsType<SettledOutcome.Aborted>(Begin(new CommitInDoubt(Backend, null, CommitSent: false)).Outcome);

    [Fact]
    public void Without_a_transaction_id_and_a_key_it_is_unknown_at_once()
    {
        var unknown = Assert.IsType<SettledOutcome.Unknown>(Begin(new CommitInDoubt(Backend, null, CommitSent: true)).Outcome);
        Assert.Contains("transaction id was not learned", unknown.Cause, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_transaction_id_the_key_is_asked_after_the_old_backend_is_ended()
    {
        var state = Begin(new CommitInDoubt(Backend, null, CommitSent: true, "k"));
        Assert.Equal(SettlementStep.Look, state.Next);
        Assert.Equal(SettlementStep.AskLedger, state.Saw(Same, TimeSpan.Zero).Next);
    }

    [Fact]
    public void An_unbroken_server_is_asked_for_the_status() =>
        Assert.Equal(SettlementStep.AskStatus, Doubtful().Saw(Same, TimeSpan.Zero).Next);

    public static TheoryData<string> Breaks => ["restart", "timeline", "crash", "no statistics"];

    [Theory]
    [MemberData(nameof(Breaks))]
    public void A_broken_server_is_not_asked_for_the_status(string what)
    {
        var sighting = what switch
        {
            "restart" => Same with { PostmasterStart = Start.AddTicks(10) },
            "timeline" => Same with { Timeline = 4 },
            "crash" => Same with { StatisticsReset = Backend.BackendStart.AddTicks(10) },
            _ => Same with { StatisticsReset = null },
        };

        Assert.IsType<SettledOutcome.Unknown>(Doubtful().Saw(sighting, TimeSpan.Zero).Outcome);
        Assert.Equal(SettlementStep.AskLedger, Doubtful("k").Saw(sighting, TimeSpan.Zero).Next);
    }

    [Fact]
    public void A_standby_settles_nothing_and_another_look_is_taken()
    {
        var state = Doubtful("k").Saw(Same with { InRecovery = true }, TimeSpan.Zero);

        Assert.Equal((SettlementStep.Look, null), (state.Next, state.Outcome));
    }

    [Fact]
    public void A_forgotten_id_is_settled_by_the_ledger_or_not_at_all()
    {
        Assert.Equal(SettlementStep.AskLedger, Doubtful("k").Saw(Same, default).Answered(TransactionStatus.Forgotten, default).Next);
        Assert.IsType<SettledOutcome.Unknown>(Doubtful().Saw(Same, default).Answered(TransactionStatus.Forgotten, default).Outcome);
    }

    [Fact]
    public void Pauses_between_looks_grow_to_a_quarter_of_a_second()
    {
        var state = Doubtful();
        var pauses = new List<double>();
        for (var look = 0; look < 8; look++)
        {
            state = state.Saw(Same, default).Answered(TransactionStatus.InProgress, default);
            pauses.Add(state.Pause.TotalMilliseconds);
        }

        Assert.Equal([5, 10, 20, 40, 80, 160, 250, 250], pauses);
    }

    [Property(MaxTest = 300)]
    public Property Nothing_but_an_unbroken_servers_word_or_the_ledgers_makes_it_committed_or_aborted() => Prop.ForAll(Stories, answers =>
    {
        var state = Doubtful("k");
        var last = default(Answer);
        foreach (var answer in answers.TakeWhile(_ => state.Outcome is null))
        {
            last = answer;
            state = answer.Tell(state);
        }
        return state.Outcome switch
        {
            SettledOutcome.Committed =>
                last is { Step: SettlementStep.AskStatus, Status: TransactionStatus.Committed }
                    or { Step: SettlementStep.AskLedger, Verdict: LedgerVerdict.Done },
            SettledOutcome.Aborted =>
                last is { Step: SettlementStep.AskStatus, Status: TransactionStatus.Aborted }
                    or { Step: SettlementStep.AskLedger, Verdict: LedgerVerdict.Refused },
            SettledOutcome.Unknown => last!.Now >= Limits.Timeout,
            _ => answers.Length == 0 || last!.Now < Limits.Timeout || state.Next is SettlementStep.AskStatus or SettlementStep.AskLedger,
        };
    });

    private static SettlementState Begin(CommitInDoubt doubt) => SettlementState.Begin(doubt, Limits, TimeSpan.Zero);

    private static SettlementState Doubtful(string? key = null) => Begin(new CommitInDoubt(Backend, 42, CommitSent: true, key));

    private static Arbitrary<Answer[]> Stories => Arb.From(
        from answers in (
            from broken in Gen.Elements(true, false)
            from status in Gen.Elements(Enum.GetValues<TransactionStatus>())
            from verdict in Gen.Elements(LedgerVerdict.Done, LedgerVerdict.Refused, default(LedgerVerdict?))
            from fails in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
            select new Answer(broken, status, verdict, fails)).ListOf()
        select answers.Select((answer, at) => answer with { Now = TimeSpan.FromSeconds(at) }).ToArray());

    /// <summary>What the server would say, whatever is asked next.</summary>
    internal sealed record Answer(bool Broken, TransactionStatus Status, LedgerVerdict? Verdict, bool Fails)
    {
        internal TimeSpan Now { get; init; }

        internal SettlementStep? Step { get; private set; }

        internal SettlementState Tell(SettlementState state)
        {
            Step = Fails ? null : state.Next;
            return Step switch
            {
                null => state.TryFailed("lost", Now),
                SettlementStep.Look => state.Saw(Broken ? Same with { Timeline = 9 } : Same, Now),
                SettlementStep.AskStatus => state.Answered(Status, Now),
                SettlementStep.AskLedger when Verdict is { } verdict => state.Found(new LedgerEntry("k", verdict, 0, null)),
                SettlementStep.AskLedger => state.LedgerBusy(Now),
                _ => state,
            };
        }
    }
}
