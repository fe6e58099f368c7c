using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Configuration;
using Broker.Statements;

namespace Broker.Errands;

/// <summary>
/// What a pool knows of the texts that its callers send: how each may travel, and how long it takes. A text whose names the catalogue has
/// not answered for travels alone, and the question rides behind its trip. Mutable: it belongs to the pool's actor.
/// </summary>
internal sealed class ErrandTexts
{
    private const int QuotedText = 80;

    // A unit of one statement is known apart from the statement itself, which may travel otherwise.
    private static readonly Fingerprint UnitMark = new(1);

    private readonly PackingSettings _packing;
    private readonly TimeProvider _time;
    private readonly PackingTrust _trust;
    private readonly ClassifiedTexts _classified;
    private readonly TextEstimates _estimates;
    private readonly Dictionary<string, StatementCatalogue> _catalogues = [];
    private readonly Dictionary<TextKey, CatalogueQuestions> _open = [];
    private readonly Dictionary<TextKey, TextFacts> _facts = [];
    private readonly HashSet<TextKey> _unfolded = [];
    private readonly int _capacity;
    private readonly bool _settle;
    private PackingAllowed _allowed = new(Reads: true, Writes: true, "");
    private bool _readOnlyServer;
    private bool _readAlike = true;

    internal ErrandTexts(PackingSettings packing, ErrandSettings errands, TimeProvider time)
    {
        _packing = packing;
        _time = time;
        _capacity = errands.StatementsCached;
        _settle = errands.Settle;
        _trust = PackingTrust.In(packing.Trust.Functions.Concat(packing.Trust.Tables));
        _classified = new(errands.StatementsCached);
        _estimates = new(errands.StatementsCached);
    }

    /// <summary>
    /// Takes note of what a fresh connection presumes. Returns words for the log when not everything may be packed; null when nothing
    /// changed.
    /// </summary>
    internal string? Presume(PoolDefaults defaults)
    {
        var changed = _allowed != defaults.Packing;
        (_allowed, _readOnlyServer) = (defaults.Packing, defaults.IsReadOnlyServer);
        if (_readAlike != defaults.TextsAreReadAlike)
        {
            _readAlike = defaults.TextsAreReadAlike;
            _facts.Clear();
        }
        return changed && _allowed.Words.Length > 0 ? _allowed.Words : null;
    }

    /// <summary>What is known of a request's text, or why it may not run as an errand.</summary>
    internal (TextFacts Facts, SharedEstimate Estimate, Failure? Refusal) Find(RunErrand request)
    {
        var context = KeyOf(request.Context);
        var (known, refusal) = Find(request.Statement, context);
        return (FactsOf(request.Statement.Text, context, known), _estimates.Of(known.Shape.Fingerprint), refusal);
    }

    private (ClassifiedText Known, Failure? Refusal) Find(Statement statement, string context)
    {
        var text = statement.Text;
        var now = _time.GetUtcNow();
        var known = _classified.Find(text, context);
        if (known is null || !known.IsFresh(now))
        {
            known = Classify(text, context, known, now);
        }
        return (known,
            known.Class.Travel == Travel.Refused
                ? new StatementRefused(known.Class.Words, Quote(text))
                : LacksValues(statement, known.Shape));
    }

    /// <summary>The same for all texts of a unit; they are estimated together, as one.</summary>
    internal (TextFacts Facts, ImmutableArray<TextFacts> More, SharedEstimate Estimate, Failure? Refusal) FindUnit(RunErrand request,
        ErrandUnit unit)
    {
        var context = KeyOf(request.Context);
        var (first, refusal) = Find(request.Statement, context);
        var fingerprint = first.Shape.Fingerprint;
        var more = ImmutableArray.CreateBuilder<TextFacts>(unit.More.Length);
        foreach (var statement in unit.More)
        {
            var (known, problem) = Find(statement, context);
            refusal ??= problem;
            fingerprint = fingerprint.Then(known.Shape.Fingerprint);
            more.Add(FactsOf(statement.Text, context, known));
        }
        return (FactsOf(request.Statement.Text, context, first), more.MoveToImmutable(),
            _estimates.Of(fingerprint.Then(UnitMark)), refusal);
    }

    /// <summary>Whether a text may be part of a unit that shares a trip with writes.</summary>
    internal bool PacksWithWrites(TextFacts facts) => facts.RidesWithWrites && _allowed.Writes && _packing.Writes == WritePacking.Group;

    /// <summary>Whether texts of this kind share trips in this pool at all.</summary>
    internal bool Packs(TextFacts facts, CallerContext context) => facts.Travel switch
    {
        Travel.InReadGroup => _allowed.Reads && _packing.Reads == ReadPacking.Group,
        Travel.InWriteGroup when _packing.Writes == WritePacking.Barrier => !facts.ReturnsRows && context.IsEmpty && !_settle,
        Travel.InWriteGroup => _allowed.Writes && _packing.Writes == WritePacking.Group,
        Travel.Alone or Travel.AloneThenReset or Travel.Refused => false,
    };

    /// <summary>What to ask the catalogue behind a trip of these errands; null for nothing.</summary>
    internal CatalogueLesson? LessonFor(List<Errand> members)
    {
        if (_open.Count == 0)
        {
            return null;
        }
        var context = KeyOf(members[0].Request.Context);
        var questions = CatalogueQuestions.None;
        foreach (var member in members)
        {
            for (var i = 0; i < member.Statements; i++)
            {
                if (_open.Remove(new(member.FactsAt(i).Text, context), out var open))
                {
                    questions = questions.Union(open);
                }
            }
        }
        return questions.IsEmpty ? null : new(context, questions, _time.GetUtcNow());
    }

    /// <summary>Learns from a trip: times, faults, and what the catalogue answered.</summary>
    internal void Learn(TripReport report)
    {
        var members = report.Trip.Members;
        if (report.Completed == members.Length)
        {
            LearnTimes(report);
        }
        var context = KeyOf(report.Trip.Context);
        foreach (var (alone, why) in report.AloneForEver)
        {
            // A server that is read-only as a whole says nothing about the text.
            if (!(_readOnlyServer && why.Reason == ClassReason.ReadOnlyRefused))
            {
                _classified.KeepAlone(alone, why, context);
                _facts.Remove(new(alone, context));
            }
        }
        if (report.NotFoldable is { } text)
        {
            KeepUnfolded(new(text, context));
        }
        if (report.Culprit is { } culprit && members.FirstOrDefault(m => m.Has(culprit)) is { } guilty)
        {
            guilty.Estimate.Value = report.CulpritHeldUp
                ? guilty.Estimate.Value.AloneFor(_time.GetTimestamp() + _time.TimestampFrequency)
                : guilty.Estimate.Value.AfterFailure(members.Length);
        }
        if (report.Learned is { } learned)
        {
            _catalogues[context] = CatalogueOf(context).With(learned.Answers, learned.Lesson.AskedAt);
        }
    }

    /// <summary>
    /// Whether a statement that is sent alone can travel in a transaction block that tells its id, so that its outcome can be settled: an
    /// insert, update, delete, merge, or a query that may change something. Others may refuse to run in a block, or commit by themselves.
    /// </summary>
    internal bool CanBeSettled(TextFacts facts) =>
        !_readOnlyServer && facts is { Writes: true, Verb: "INSERT" or "UPDATE" or "DELETE" or "MERGE" or "SELECT" or "VALUES" or "WITH" };

    private void KeepUnfolded(TextKey key)
    {
        if (_unfolded.Count >= _capacity)
        {
            _unfolded.Clear();
        }
        _unfolded.Add(key);
        _facts.Remove(key);
    }

    private void LearnTimes(TripReport report)
    {
        var members = report.Trip.Members;
        if (report.Trip.Shape == TripShape.Alone)
        {
            var alone = members[0].Estimate;
            alone.Value = members[0].Facts.Writes
                ? alone.Value.AfterWriteAlone(_time.GetTimestamp())
                : alone.Value.After(1, report.Elapsed, _packing.Target, _packing.MaxFill);
            return;
        }
        if (members is [{ IsUnit: true } unit])
        {
            LearnUnit(unit, report.Work);
            return;
        }
        SharedEstimate? last = null;
        for (var i = 0; i < members.Length; i++)
        {
            var estimate = members[i].Estimate;
            // Members of one text stand together, so that most are known by their neighbour.
            if (ReferenceEquals(estimate, last) || SeenBefore(report, i, estimate))
            {
                continue;
            }
            last = estimate;
            estimate.Value = estimate.Value.After(members.Length, report.Work, _packing.Target, _packing.MaxFill);
            if (!estimate.Value.Shares)
            {
                estimate.Value = estimate.Value.AloneFor(ProbeAt());
            }
        }
    }

    /// <summary>
    /// A unit that had no company. One that has just held others up, or failed among them and succeeds without, is not tried with others at
    /// once.
    /// </summary>
    private void LearnUnit(Errand unit, TimeSpan work)
    {
        var estimate = unit.Estimate;
        if (unit.FailedAmongOthers)
        {
            estimate.Value = estimate.Value.AloneFor(ProbeAt());
        }
        else if (_time.GetTimestamp() >= estimate.Value.AloneUntil)
        {
            estimate.Value = estimate.Value.After(1, work, _packing.Target, _packing.MaxFill);
        }
    }

    private long ProbeAt() =>
        _packing.Probe is { } probe ? _time.GetTimestamp() + (long)(probe.TotalSeconds * _time.TimestampFrequency) : long.MaxValue;

    private static bool SeenBefore(TripReport report, int index, SharedEstimate estimate)
    {
        for (var i = 0; i < index; i++)
        {
            if (ReferenceEquals(report.Trip.Members[i].Estimate, estimate))
            {
                return true;
            }
        }
        return false;
    }

    private ClassifiedText Classify(string text, string context, ClassifiedText? known, DateTimeOffset now)
    {
        var shape = known?.Shape ?? StatementShape.Of(text);
        var lookup = CatalogueOf(context).Lookup(shape, _trust, now);
        if (!lookup.ToAsk.IsEmpty)
        {
            // Questions of texts that never come again would stay for ever.
            if (_open.Count >= _capacity)
            {
                _open.Clear();
            }
            _open[new(text, context)] = lookup.ToAsk;
        }
        var classified = lookup.Known(shape);
        _classified.Remember(text, classified, context);
        _facts.Remove(new(text, context));
        return classified;
    }

    private TextFacts FactsOf(string text, string context, ClassifiedText known)
    {
        var key = new TextKey(text, context);
        if (_facts.TryGetValue(key, out var facts))
        {
            return facts;
        }
        // What the server reads otherwise than we do may have done anything.
        var @class = _readAlike || known.Class.Travel == Travel.Refused ? known.Class : StatementClass.Unknown;
        facts = TextFacts.Of(text, known.Shape, @class, _packing.Fold && !_unfolded.Contains(key));
        if (text.Length > ClassifiedTexts.LongestText)
        {
            return facts;
        }
        if (_facts.Count >= _capacity)
        {
            _facts.Clear();
        }
        return _facts[key] = facts;
    }

    // Others may name parameters of their own: those of a function that they make.
    private static ParameterRefused? LacksValues(Statement statement, StatementShape shape) =>
        shape.HighestParameter > statement.Parameters.Length
            && (shape.Verb.IsRead() || shape.Verb.IsWrite() || shape.Verb == StatementVerb.With)
            ? new(shape.HighestParameter, "none", $"the text names it, and {statement.Parameters.Length} values came with it")
            : null;

    private StatementCatalogue CatalogueOf(string context)
    {
        if (_catalogues.TryGetValue(context, out var known))
        {
            return known;
        }
        if (_catalogues.Count >= _capacity)
        {
            _catalogues.Clear();
        }
        return _catalogues[context] = StatementCatalogue.For(context, _packing.Recheck);
    }

    // Names mean what role and search path make of them; other settings do not change that.
    private static string KeyOf(CallerContext context) =>
        context.Role is null && context.SearchPath is null ? "" : $"{context.Role}\n{context.SearchPath}";

    private static string Quote(string text) => text.Length <= QuotedText ? text : $"{text.AsSpan(0, QuotedText)}...";
}
