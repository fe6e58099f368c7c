using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Gateway.Exchanges;
using Broker.Gateway.Links;
using Broker.Gateway.Prepared;
using Broker.Gateway.Reports;
using Broker.PgWire.Framing;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Errands;

/// <summary>
/// A trip of writes: one transaction, with one flush of the log. Nobody is answered before it is committed, and of one that fails nobody
/// hears: a unique violation against a neighbour that is not committed may be untrue afterwards, so all run again alone. Where the
/// connection is lost before the server has said that it is committed, that has to be found out first (<see cref="InDoubt"/>). One that has
/// no company travels as it is, and is told when its outcome cannot be known, as it would be without a trip.
/// </summary>
internal sealed class WriteTrip : WireTrip
{
    // The id is sent at once, else the server holds it back with all the rest until it has committed.
    private static readonly WireText Open = WireText.Of($"SELECT pg_catalog.pg_current_xact_id(), {Clock}");
    private static readonly WireText ConstraintsNow = WireText.Of("SET CONSTRAINTS ALL IMMEDIATE");
    private static readonly WireText Close = WireText.Of($"SELECT {Clock}");

    private const string Clock = "CAST(pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000000 AS pg_catalog.int8)";

    private readonly PoolId _pool;
    private readonly ImmutableArray<HeldAnswer>.Builder _held = ImmutableArray.CreateBuilder<HeldAnswer>();
    private ulong? _transaction;
    private long _opened;
    private long _closed;
    private bool _farewell;
    private bool _notReplicated;
    private bool _isRefused;

    /// <inheritdoc cref="WireTrip"/>
    internal WriteTrip(PoolId pool, WireLink link, StatementBook book, ImmutableArray<WireErrand> members, int replyLimit,
        WireWriter answer)
        : base(link, book, members, replyLimit, answer) => _pool = pool;

    /// <summary>What became of it is not known, and to be found out; null when that is known.</summary>
    internal TripInDoubt? InDoubt { get; private set; }

    /// <summary>
    /// Whether it is committed here and not yet where the server promises that it is, because a cancel has ended the server's wait for its
    /// standby: another transaction behind it is to wait in its place, and <see cref="WireTrip.IsOver"/> comes when it has.
    /// </summary>
    internal bool AwaitsStandby { get; private set; }

    /// <inheritdoc/>
    internal override TimeSpan? Work => _closed > _opened && _opened > 0 ? TimeSpan.FromMicroseconds(_closed - _opened) : null;

    /// <inheritdoc/>
    protected override bool KeepsOverfull => true;

    private bool IsGroup => Members.Length > 1;

    /// <inheritdoc/>
    protected override bool RunsUnseen(StatementNumber number) => Book.ShapeOf(number) is not { } told || told == ResultShape.Empty;

    /// <inheritdoc/>
    protected override bool IsExpected(ReadOnlySpan<byte> tag) =>
        tag.StartsWith("INSERT"u8) || tag.StartsWith("UPDATE"u8) || tag.StartsWith("DELETE"u8) || tag.StartsWith("MERGE"u8);

    /// <inheritdoc/>
    protected override void WriteAhead(WireWriter writer)
    {
        if (IsGroup)
        {
            LinkTuning.AskWithin(Link, Open, writer);
            Flush.Instance.Write(writer);
            Link.Use.Sent(FrontendType.Flush);
            // a neighbour must not mend what alone would be refused at the commit
            LinkTuning.AskWithin(Link, ConstraintsNow, writer);
        }
    }

    /// <inheritdoc/>
    protected override void WriteBehind(WireWriter writer)
    {
        if (IsGroup)
        {
            LinkTuning.AskWithin(Link, Close, writer);
        }
    }

    /// <inheritdoc/>
    protected override void TakeHidden(BackendType type, in Frame frame)
    {
        base.TakeHidden(type, frame);
        if (type is not BackendType.DataRow || BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is not DataRow row)
        {
            return;
        }
        // what its session was set to ahead of it is answered by rows too, and what waits behind it for a standby
        if (_transaction is null && row.Values is [{ } id, { } opened])
        {
            (_transaction, _opened) = (ulong.Parse(id.Span, CultureInfo.InvariantCulture),
                long.Parse(opened.Span, CultureInfo.InvariantCulture));
        }
        else if (_transaction is not null && !AwaitsStandby && row.Values is [{ } closed])
        {
            _closed = long.Parse(closed.Span, CultureInfo.InvariantCulture);
        }
    }

    /// <inheritdoc/>
    protected override void Note(in Frame frame)
    {
        // (syncrep.c: the routine is the same in all languages)
        if (frame.IsWhole && BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is NoticeResponse notice && notice['R']
            .Is("SyncRepWaitForLSN"u8))
        {
            _notReplicated = true;
        }
        else if (!Link.Use.IsAnsweringHidden)
        {
            base.Note(frame);
        }
    }

    /// <inheritdoc/>
    protected override void Complete()
    {
        // what was too long, and done before its cancel, is held whole
        IsOverfull = false;
        Hold();
    }

    private void Hold()
    {
        Gathered.Bytes(Ready);
        _held.Add(new(Current!, Parsed, Gathered.Written.ToArray()));
        Next();
        RunUnsentAgain();
    }

    /// <inheritdoc/>
    protected override void Fail(in Frame frame)
    {
        if (BackendMessages.Read(frame.Type, frame.Body.ToArray(), out _) is not ErrorResponse error || error.EndsSession)
        {
            // which may be said of a transaction that is committed
            _farewell = true;
            return;
        }
        (Failed, Guilty) = (true, Current);
        if (TripErrors.MayBeOfTheTrip(error.SqlState) || StatementNumber.FirstIn(error['M']) is not null)
        {
            if (Current is WireErrand.Series)
            {
                Link.Statements.Doubt(Number);
            }
        }
        else if (!IsGroup && Current is not null)
        {
            _isRefused = true;
            Gathered.Write(frame);
            Hold();
        }
    }

    /// <inheritdoc/>
    protected override void End()
    {
        if (!_isRefused && (Failed || Link.Use.Status is not TransactionStatus.Idle))
        {
            IsOver = true;
            RunAllAgain();
        }
        else if (_notReplicated)
        {
            (AwaitsStandby, _notReplicated) = (true, false);
        }
        else
        {
            IsOver = true;
            Tell();
        }
    }

    /// <inheritdoc/>
    protected override void EndHidden()
    {
        if (AwaitsStandby && !_notReplicated)
        {
            (AwaitsStandby, IsOver) = (false, true);
            if (Failed)
            {
                // another one has to find out where it is
                InDoubt = Doubt(executing: null);
            }
            else
            {
                Tell();
            }
        }
        (_notReplicated, Failed) = (false, false);
    }

    /// <inheritdoc/>
    internal override void Lose(ErrorResponse? culprit)
    {
        if (!Sent || (Failed && !AwaitsStandby))
        {
            RunAllAgain();
        }
        else if (IsGroup)
        {
            InDoubt = Doubt(_farewell && Current is not null ? Turn : null);
        }
        else if (Turn == 0 || _held.Count > 0)
        {
            var unknown = culprit ?? ErrorReports.Error(new ConnectionLost(_pool, "whether what was under way took effect is not known"));
            HeldAnswer.Of(Members[0], unknown).Tell();
        }
    }

    private TripInDoubt Doubt(int? executing) => new(_pool, Link.Backend, _transaction, Members, _held.ToImmutable(), executing);

    private void Tell()
    {
        foreach (var held in _held)
        {
            held.Tell();
        }
        Completed = _isRefused ? 0 : _held.Count;
    }

    private void RunAllAgain()
    {
        foreach (var held in _held)
        {
            RunAgain(held.Member);
        }
        _held.Clear();
        RunRestAgain();
    }
}
