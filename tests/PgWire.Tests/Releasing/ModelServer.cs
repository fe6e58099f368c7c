using Broker.PgWire.Messages;

namespace Broker.PgWire.Tests.Releasing;

/// <summary>
/// What PostgreSQL's main loop does with messages, without any SQL: chance decides what a statement is and whether it fails.
/// </summary>
internal sealed class ModelServer(Random random)
{
    private readonly Queue<(FrontendType Type, TargetKind Target, bool EndsTransaction)> _unread = new();
    private readonly Queue<(BackendType Type, TransactionStatus Status)> _undelivered = new();
    private bool _skipping;
    private bool _seriesOpen;
    private CopyOf _copy;

    private enum CopyOf
    {
        None,
        Query,
        Execute,
    }

    /// <summary>Where it stands.</summary>
    internal TransactionStatus Status { get; private set; } = TransactionStatus.Idle;

    internal bool HasUnread => _unread.Count > 0;

    internal bool HasUndelivered => _undelivered.Count > 0;

    /// <summary>
    /// The truth that the rule has to find: another client could begin here. What it will read and pass over harms nobody.
    /// </summary>
    internal bool IsFree =>
        _unread.All(static message => message.Type is FrontendType.CopyData or FrontendType.CopyDone or FrontendType.CopyFail
            or FrontendType.Flush)
        && _undelivered.All(static message => message.Type is BackendType.NoticeResponse or BackendType.ParameterStatus)
        && !_skipping && !_seriesOpen && _copy == CopyOf.None && Status == TransactionStatus.Idle;

    internal void Send(FrontendType type, TargetKind target) => _unread.Enqueue((type, target, false));

    /// <summary>A simple query that cannot fail, and after which it is in no transaction.</summary>
    internal void SendEndOfTransaction() => _unread.Enqueue((FrontendType.Query, default, true));

    internal (BackendType Type, TransactionStatus Status) Deliver() => _undelivered.Dequeue();

    /// <summary>Reads one message and does what it asks.</summary>
    internal void Step()
    {
        var (type, target, endsTransaction) = _unread.Dequeue();
        if (random.Next(20) == 0)
            Say(random.Next(2) == 0 ? BackendType.NoticeResponse : BackendType.ParameterStatus);
        if (_copy != CopyOf.None)
            InCopy(type);
        else if (_skipping && type != FrontendType.Sync)
            return;
        else if (endsTransaction)
            EndTransaction();
        else
            Do(type, target);
    }

    private void InCopy(FrontendType type)
    {
        switch (type)
        {
            case FrontendType.Sync or FrontendType.Flush:
                break;
            case FrontendType.CopyData when random.Next(5) > 0:
                break;
            case FrontendType.CopyDone when random.Next(4) > 0:
                Say(BackendType.CommandComplete);
                var of = _copy;
                _copy = CopyOf.None;
                if (of == CopyOf.Query)
                    GoOn();
                break;
            default:
                Fail(_copy == CopyOf.Execute);
                break;
        }
    }

    private void Do(FrontendType type, TargetKind target)
    {
        switch (type)
        {
            case FrontendType.Sync:
                (_skipping, _seriesOpen) = (false, false);
                if (random.Next(10) == 0)
                    Say(BackendType.ErrorResponse);
                Ready();
                break;
            case FrontendType.Query:
                _seriesOpen = false;
                GoOn();
                break;
            case FrontendType.FunctionCall:
                _seriesOpen = false;
                Say(random.Next(3) == 0 ? BackendType.ErrorResponse : BackendType.FunctionCallResponse);
                Ready();
                break;
            case FrontendType.CopyData or FrontendType.CopyDone or FrontendType.CopyFail or FrontendType.Flush:
                break;
            default:
                _seriesOpen = true;
                if (random.Next(6) == 0)
                    Fail(extended: true);
                else
                    Extended(type, target);
                break;
        }
    }

    private void Extended(FrontendType type, TargetKind target)
    {
        switch (type)
        {
            case FrontendType.Parse:
                Say(BackendType.ParseComplete);
                break;
            case FrontendType.Bind:
                Say(BackendType.BindComplete);
                break;
            case FrontendType.Close:
                Say(BackendType.CloseComplete);
                break;
            case FrontendType.Describe:
                if (target == TargetKind.Statement)
                    Say(BackendType.ParameterDescription);
                Say(random.Next(2) == 0 ? BackendType.NoData : BackendType.RowDescription);
                break;
            default:
                Execute();
                break;
        }
    }

    private void Execute()
    {
        switch (random.Next(6))
        {
            case 0:
                Say(BackendType.CopyInResponse);
                _copy = CopyOf.Execute;
                break;
            case 1:
                CopyOut();
                break;
            case 2:
                Say(BackendType.EmptyQueryResponse);
                break;
            case 3:
                Say(BackendType.DataRow);
                Say(BackendType.PortalSuspended);
                break;
            default:
                Say(BackendType.DataRow);
                Say(BackendType.CommandComplete);
                break;
        }
    }

    /// <summary>The next statements of a simple query.</summary>
    private void GoOn()
    {
        while (true)
        {
            switch (random.Next(7))
            {
                case 0:
                    Say(BackendType.CopyInResponse);
                    _copy = CopyOf.Query;
                    return;
                case 1:
                    CopyOut();
                    break;
                case 2:
                    Fail(extended: false);
                    return;
                case 3:
                    Say(BackendType.RowDescription);
                    Say(BackendType.DataRow);
                    Say(BackendType.CommandComplete);
                    break;
                case 4:
                    Say(BackendType.CommandComplete);
                    break;
                default:
                    Ready();
                    return;
            }
        }
    }

    private void CopyOut()
    {
        Say(BackendType.CopyOutResponse);
        Say(BackendType.CopyData);
        Say(BackendType.CopyDone);
        Say(BackendType.CommandComplete);
    }

    private void Fail(bool extended)
    {
        _copy = CopyOf.None;
        Say(BackendType.ErrorResponse);
        _skipping = extended;
        if (!extended)
            Ready();
    }

    private void EndTransaction()
    {
        _seriesOpen = false;
        Say(BackendType.CommandComplete);
        Ready(TransactionStatus.Idle);
    }

    private void Ready() =>
        Ready(random.Next(3) == 0 ? random.GetItems(Enum.GetValues<TransactionStatus>(), 1)[0] : TransactionStatus.Idle);

    private void Ready(TransactionStatus status)
    {
        Status = status;
        _undelivered.Enqueue((BackendType.ReadyForQuery, Status));
    }

    private void Say(BackendType type) => _undelivered.Enqueue((type, default));
}
