using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Broker.Configuration;
using Broker.Errands;
using Broker.Gateway.Errands;
using Broker.Statements;

namespace Broker.Gateway.Traces;

/// <summary>
/// What is known of the texts of a pool, for clients who have not changed what names mean. What is not provably free of traces is taken to
/// leave some, and what is not provably a plain read never shares a round trip. What only the catalogue knows is asked: the questions wait
/// here until the share has them carried. Not thread-safe; the actors of one loop use it.
/// </summary>
internal sealed class TextVerdicts
{
    private const int LongestText = 16 * 1024;
    private const int MostQuestions = 4096;

    private static readonly TextVerdict NotJudged = new(SessionTrace.Unknown, TripLane.None, 0, new());

    private readonly PackingSettings _packing;
    private readonly PackingTrust _trust;
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly Dictionary<byte[], Entry> _known = new(new BytesComparer());
    private readonly Dictionary<byte[], Entry>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly byte[] _bare = new byte[LongestText];
    private StatementCatalogue _catalogue;
    private CatalogueQuestions _open = CatalogueQuestions.None;
    private PackingAllowed _allowed = PackingAllowed.No("no link was opened yet");
    private bool _readAlike;

    internal TextVerdicts(PackingSettings packing, int capacity, TimeProvider time)
    {
        (_packing, _capacity, _time) = (packing, capacity, time);
        _trust = PackingTrust.In(packing.Trust.Functions.Concat(packing.Trust.Tables));
        _catalogue = StatementCatalogue.For("", packing.Recheck);
        _lookup = _known.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Whether the catalogue is to be asked something.</summary>
    internal bool HasQuestions => !_open.IsEmpty;

    /// <summary>Takes note of what the session of a link presumes. What was known counts no longer when that has changed.</summary>
    internal void Presume(PoolDefaults defaults)
    {
        if (_readAlike == defaults.TextsAreReadAlike && _allowed == defaults.Packing)
        {
            return;
        }
        (_readAlike, _allowed) = (defaults.TextsAreReadAlike, defaults.Packing);
        JudgeAnew();
    }

    /// <summary>Of a text.</summary>
    internal TextVerdict Of(ReadOnlySpan<byte> text)
    {
        if (text.Length > LongestText)
        {
            return NotJudged;
        }
        var length = BareText.Write(text, _bare);
        var key = length > 0 ? _bare.AsSpan(0, length) : text;
        if (!_lookup.TryGetValue(key, out var entry))
        {
            entry = Read(text);
            if (length > 0 && entry.Reading.DependsOnLiterals)
            {
                // All texts of this kind are looked up as they are, this one too.
                Keep(key, new(entry.Reading, NotJudged));
                key = text;
            }
            Keep(key, entry);
        }
        else if (length > 0 && entry.Reading.DependsOnLiterals && !_lookup.TryGetValue(text, out entry))
        {
            entry = Read(text);
            Keep(text, entry);
        }
        if (entry.CheckAt < DateTimeOffset.MaxValue && entry.CheckAt <= _time.GetUtcNow())
        {
            Judge(entry);
        }
        return entry.Verdict;
    }

    /// <summary>Whether a text may share a round trip now, which is to happen then: it packs, and was not too slow for it.</summary>
    internal bool MayTravel(TextVerdict verdict) =>
        verdict.Lane is not TripLane.None && Probing.MayTravel(verdict.Estimate, _packing, _time);

    /// <summary>What the catalogue is to be asked now; it is asked once.</summary>
    internal CatalogueQuestions TakeQuestions()
    {
        var open = _open;
        _open = CatalogueQuestions.None;
        return open;
    }

    /// <summary>The catalogue has answered.</summary>
    internal void Learn(CatalogueSnapshot answers, DateTimeOffset askedAt)
    {
        _catalogue = _catalogue.With(answers, askedAt);
        // Those that waited for it are judged now, so that what they lead to is asked next.
        foreach (var entry in _known.Values)
        {
            if (entry.Waits)
            {
                Judge(entry);
            }
        }
    }

    private static Entry Read(ReadOnlySpan<byte> text)
    {
        // Others may be names of several things: what is asked of the catalogue would not be what is meant.
        var reading = Utf8.IsValid(text) ? TextReading.Of(Encoding.UTF8.GetString(text)) : new(SessionTrace.Unknown, [], false, true);
        var parameters = reading.Parts.Select(static part => part.HighestParameter).DefaultIfEmpty().Max();
        return new(reading, NotJudged with { Parameters = parameters, Estimate = new() });
    }

    private void Keep(ReadOnlySpan<byte> key, Entry entry)
    {
        if (_known.Count >= _capacity)
        {
            _known.Clear();
        }
        _lookup[key] = entry;
    }

    private void JudgeAnew()
    {
        foreach (var entry in _known.Values)
        {
            entry.CheckAt = DateTimeOffset.MinValue;
        }
    }

    private void Judge(Entry entry)
    {
        var reading = entry.Reading;
        if (!_readAlike)
        {
            // What the server reads otherwise than we do may do anything. A SET without a backslash it does not.
            var kept = reading.Trace is { Deallocates: not null } or { EndsStatements: true }
                || (reading.Trace.Change is { } change && change.Sql.Bytes.Span.IndexOf((byte)'\\') < 0)
                    ? reading.Trace
                    : SessionTrace.Unknown with { Sets = reading.Trace.Sets };
            (entry.Verdict, entry.Waits, entry.CheckAt) = (entry.Verdict with { Trace = kept, Lane = TripLane.None }, false,
                DateTimeOffset.MaxValue);
            return;
        }
        var now = _time.GetUtcNow();
        var (trace, lane, waits, checkAt) = (reading.Trace, LaneOf(reading), false, DateTimeOffset.MaxValue);
        foreach (var part in reading.Parts)
        {
            var found = _catalogue.Lookup(part, _trust, now);
            Ask(found.ToAsk);
            var isUndecided = found.Classification is Classification.NeedsCatalogue;
            waits |= isUndecided;
            trace = !trace.IsDirty && found.Class.Travel is (Travel.AloneThenReset or Travel.Refused) ? SessionTrace.Unknown : trace;
            lane = found.Class.Travel == (lane is TripLane.Reads ? Travel.InReadGroup : Travel.InWriteGroup) ? lane : TripLane.None;
            // one that waits is asked for again when no answer comes
            var next = isUndecided ? now + (_packing.Recheck / 10) : found.CheckAt;
            checkAt = next < checkAt ? next : checkAt;
        }
        (entry.Waits, entry.CheckAt) = (waits, checkAt);
        if (entry.Verdict.Trace != trace || entry.Verdict.Lane != lane)
        {
            entry.Verdict = entry.Verdict with { Trace = trace, Lane = lane };
        }
    }

    // what it may be, if the catalogue agrees
    private TripLane LaneOf(TextReading reading) => reading switch
    {
        { MayPack: false } => TripLane.None,
        { Parts: [{ Verb: var verb }] } when verb.IsRead() =>
            _allowed.Reads && _packing.Reads is ReadPacking.Group ? TripLane.Reads : TripLane.None,
        _ => _allowed.Writes && _packing.Writes is WritePacking.Group ? TripLane.Writes : TripLane.None,
    };

    private void Ask(CatalogueQuestions questions)
    {
        if (!questions.IsEmpty && _open.Names.Count < MostQuestions)
        {
            _open = _open.Union(questions);
        }
    }

    private sealed class Entry(TextReading reading, TextVerdict verdict)
    {
        internal TextReading Reading => reading;

        internal TextVerdict Verdict { get; set; } = verdict;

        /// <summary>Whether the catalogue has not told enough to decide.</summary>
        internal bool Waits { get; set; }

        internal DateTimeOffset CheckAt { get; set; } = DateTimeOffset.MinValue;
    }

    private sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
