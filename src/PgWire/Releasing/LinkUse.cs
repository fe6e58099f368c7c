using Broker.PgWire.Messages;

namespace Broker.PgWire.Releasing;

/// <summary>
/// The release rule: from what was sent to a server and what came back, it knows whether somebody else may use the link
/// (<see cref="CanRelease"/>). That is so when everything sent has been answered, the last Sync is behind everything, the server is in no
/// transaction and in no COPY, no message is cut in the middle, and no cancel is on its way. It never guesses from statement texts. Pure:
/// no socket and no clock; told in the order of the wire on each side. (Chapters "Message Flow" and "COPY Operations" of the manual, and
/// what the server does where they are silent.)
/// </summary>
public sealed class LinkUse
{
    private readonly AwaitedLine _awaited = new();
    private readonly Queue<Settled> _settled = new();
    private CopyState _copy;
    private bool _cutToServer;
    private bool _cutFromServer;

    /// <summary>Where the server said that it stands.</summary>
    public TransactionStatus Status { get; private set; } = TransactionStatus.Idle;

    /// <summary>Whether messages of the extended protocol were sent behind the last Sync: the server waits for the next.</summary>
    public bool IsSeriesOpen { get; private set; }

    /// <summary>Whether the server skips what it is sent up to the next Sync.</summary>
    public bool IsSkipping { get; private set; }

    /// <summary>
    /// Whether answers can no longer be told apart: the server broke the protocol or said something unasked (then its end follows), or an
    /// error crossed a COPY in such a way that nobody can know whether the server heard a Sync. Such a link is never used by another.
    /// </summary>
    public bool IsDoubtful { get; private set; }

    /// <summary>Cancel requests for this link whose connections the server has not closed yet.</summary>
    public int CancelsInFlight { get; private set; }

    /// <summary>Whether a message was passed on in part only, one way or the other.</summary>
    public bool IsCut => _cutToServer || _cutFromServer;

    /// <summary>
    /// Whether a message to the server was passed on in part only: whatever is sent now, the server takes for the rest of it.
    /// </summary>
    public bool IsCutToServer => _cutToServer;

    /// <summary>Whether there is something to be answered.</summary>
    public bool IsAwaiting => _awaited.Count > 0;

    /// <summary>How many ReadyForQuery the client waits for: those of what the broker sent are not counted.</summary>
    public int ReadyOwed => _awaited.CountEndsShown();

    /// <summary>Whether what the server answers now is not for the client: the broker asked.</summary>
    public bool IsAnsweringHidden => _awaited.FirstIsHidden;

    /// <summary>
    /// Whether the server reads data of a COPY, as far as is known here: then it hears neither Sync nor Flush, so they need not be sent to
    /// it.
    /// </summary>
    public bool IsCopyIn => _copy is CopyState.In && _awaited.Find(Awaited.CopyEnd, 0) == _awaited.Count;

    /// <summary>Whether all is answered and the server waits: what is sent next is the first of something new.</summary>
    public bool IsAtRest => !IsAwaiting && !IsSeriesOpen && !IsSkipping && _copy is CopyState.None && !IsCut && !IsDoubtful;

    /// <summary>Whether somebody else may use the link.</summary>
    public bool CanRelease => IsAtRest && Status is TransactionStatus.Idle && CancelsInFlight == 0;

    /// <summary>Whether nobody else may use it for good, and its client has all its answers.</summary>
    public bool IsSpent => IsDoubtful && ReadyOwed == 0 && !IsSeriesOpen && !IsSkipping && !IsCut && Status is TransactionStatus.Idle;

    /// <summary>Something else makes the link unfit for others, for good.</summary>
    public void Doubt() => IsDoubtful = true;

    /// <summary>A cancel request was sent for what this link does.</summary>
    public void CancelSent() => CancelsInFlight++;

    /// <summary>The server has closed the connection of a cancel request: it takes effect no later.</summary>
    public void CancelClosed() => CancelsInFlight--;

    /// <summary>A piece of a message was sent to the server, and not its last.</summary>
    public void SentPiece() => _cutToServer = true;

    /// <summary>A message was sent to the server to its end.</summary>
    /// <param name="type">Neither Terminate nor a response to authentication: they are not passed on.</param>
    /// <param name="target">What Describe means.</param>
    /// <param name="hidden">Whether its answers are not for the client: the broker sent it.</param>
    /// <param name="accounts">Who is told its fate, by <see cref="TryTakeSettled"/>.</param>
    public void Sent(FrontendType type, TargetKind target = TargetKind.Statement, bool hidden = false, Accounts accounts = Accounts.None)
    {
        _cutToServer = false;
        switch (type)
        {
            // neither is answered
            case FrontendType.CopyData or FrontendType.Flush:
                break;
            case FrontendType.CopyDone or FrontendType.CopyFail when !IsSkipping && IsAwaiting:
                _awaited.Add(Awaited.CopyEnd, hidden, Accounts.None);
                break;
            case FrontendType.CopyDone or FrontendType.CopyFail:
                break;
            case FrontendType.Sync:
                (IsSeriesOpen, IsSkipping) = (false, false);
                _awaited.Add(Awaited.Sync, hidden, Accounts.None);
                break;
            case FrontendType.Query:
                SentSimple(Awaited.Query, hidden, accounts);
                break;
            case FrontendType.FunctionCall:
                SentSimple(Awaited.FunctionCall, hidden, accounts);
                break;
            case FrontendType.Parse:
                SentExtended(Awaited.Parse, hidden, accounts);
                break;
            case FrontendType.Bind:
                SentExtended(Awaited.Bind, hidden, accounts);
                break;
            case FrontendType.Close:
                SentExtended(Awaited.Close, hidden, accounts);
                break;
            case FrontendType.Execute:
                SentExtended(Awaited.Execute, hidden, accounts);
                break;
            case FrontendType.Describe:
                SentExtended(target is TargetKind.Statement ? Awaited.DescribeStatement : Awaited.DescribeColumns, hidden, accounts);
                break;
            case FrontendType.AuthenticationResponse or FrontendType.Terminate:
                IsDoubtful = true;
                break;
        }
    }

    /// <summary>
    /// Nothing is sent for a message of the client's, since what it asks for is so already: it is answered here, in its place, which is
    /// said by <see cref="TryTakeSettled"/>.
    /// </summary>
    /// <param name="answer">ParseComplete or CloseComplete.</param>
    /// <param name="accounts">Who is told its fate.</param>
    public void AnswersHere(BackendType answer, Accounts accounts)
    {
        if (IsSkipping)
            Settle(accounts, Fate.Skipped);
        else if (!IsAwaiting)
            Settle(accounts, Fate.Done, answer);
        else
            _awaited.Add(answer is BackendType.ParseComplete ? Awaited.ParseHere : Awaited.CloseHere, hidden: false, accounts);
    }

    /// <summary>
    /// What is settled, in the order in which it was sent. To be asked behind each that was sent or received, until there is no more.
    /// </summary>
    public bool TryTakeSettled(out Settled settled) => _settled.TryDequeue(out settled);

    /// <summary>A message of the server has begun to arrive, or is there whole.</summary>
    /// <param name="type">Its first byte.</param>
    /// <param name="status">What ReadyForQuery says.</param>
    /// <param name="whole">False when pieces follow: <see cref="ReceivedLastPiece"/>.</param>
    /// <returns>For whom it is.</returns>
    public Addressee Received(BackendType type, TransactionStatus status = TransactionStatus.Idle, bool whole = true)
    {
        _cutFromServer = !whole;
        return type switch
        {
            BackendType.NoticeResponse or BackendType.NotificationResponse or BackendType.ParameterStatus => Addressee.Anyone,
            BackendType.ErrorResponse => ReceivedError(),
            _ => ReceivedAnswer(type, status),
        };
    }

    /// <summary>The last piece of a message of the server has arrived.</summary>
    public void ReceivedLastPiece() => _cutFromServer = false;

    private void SentSimple(Awaited awaited, bool hidden, Accounts accounts)
    {
        if (IsSkipping)
        {
            Settle(accounts, Fate.Skipped);
            return;
        }
        // it ends a series as Sync does, but not the skipping
        IsSeriesOpen = false;
        _awaited.Add(awaited, hidden, accounts);
    }

    private void SentExtended(Awaited awaited, bool hidden, Accounts accounts)
    {
        IsSeriesOpen = true;
        if (IsSkipping)
            Settle(accounts, Fate.Skipped);
        else
            _awaited.Add(awaited, hidden, accounts);
    }

    private void Settle(Accounts accounts, Fate fate, BackendType? answer = null)
    {
        if (accounts is not Accounts.None || answer is not null)
            _settled.Enqueue(new(accounts, fate, answer));
    }

    private void Skip(int from, int to)
    {
        for (var i = from; i < to; i++)
            Settle(_awaited.AccountsOf(i), Fate.Skipped);
    }

    private Addressee ReceivedAnswer(BackendType type, TransactionStatus status)
    {
        if (!IsAwaiting)
            return Breach();
        var (hidden, first) = (IsAnsweringHidden, _awaited.First);
        var answer = Answers.To(first, type);
        if (answer is Answer.None || !CopyAllows(type))
            return Breach();
        if (type is BackendType.CommandComplete && _copy is not CopyState.None)
            EndCopy();
        _copy = After(type);
        if (type is BackendType.ParameterDescription)
            _awaited.ChangeFirst(Awaited.DescribeColumns);
        if (type is BackendType.ReadyForQuery)
            Status = status;
        if (answer is Answer.Last)
        {
            Settle(_awaited.AccountsOf(0), Fate.Done);
            RemoveFirst();
        }
        return hidden ? Addressee.Broker : Addressee.Client;
    }

    private Addressee ReceivedError()
    {
        if (!IsAwaiting)
        {
            // the server's last word
            IsDoubtful = true;
            return Addressee.Anyone;
        }
        var (hidden, first) = (IsAnsweringHidden, _awaited.First);
        if (_copy is CopyState.In or CopyState.Both)
            RefuseCopy(first);
        _copy = CopyState.None;
        if (Answers.IsExtended(first))
            SkipToSync();
        return hidden ? Addressee.Broker : Addressee.Client;
    }

    private Addressee Breach()
    {
        IsDoubtful = true;
        return Addressee.Breach;
    }

    private CopyState After(BackendType type) => type switch
    {
        BackendType.CopyInResponse => CopyState.In,
        BackendType.CopyOutResponse => CopyState.Out,
        BackendType.CopyBothResponse => CopyState.Both,
        BackendType.CopyDone when _copy is CopyState.Out => CopyState.None,
        BackendType.CopyDone or BackendType.CopyData => _copy,
        _ => CopyState.None,
    };

    private bool CopyAllows(BackendType type) => type switch
    {
        BackendType.CopyData or BackendType.CopyDone => _copy is CopyState.Out or CopyState.Both,
        BackendType.CommandComplete => _copy is not CopyState.Out,
        _ => _copy is CopyState.None,
    };

    // The server has read up to CopyDone. A Sync before it was not heard, so that it waits for one if the COPY was of a series.
    private void EndCopy()
    {
        var end = _awaited.Find(Awaited.CopyEnd, 1);
        if (end == _awaited.Count)
        {
            IsDoubtful |= _copy is CopyState.In;
            return;
        }
        for (var i = 1; i < end; i++)
            IsDoubtful |= _awaited[i] is not Awaited.Sync;
        Skip(1, end);
        _awaited.RemoveBehindFirst(end);
        if (Answers.IsExtended(_awaited.First) && !IsSeriesEndedBehindFirst())
            IsSeriesOpen = true;
    }

    private bool IsSeriesEndedBehindFirst()
    {
        for (var i = 1; i < _awaited.Count; i++)
            if (Answers.EndsSeries(_awaited[i]))
                return true;
        return false;
    }

    // How far the server had read is not known, only that it was not beyond CopyDone. What it may have taken for data, or not, cannot be
    // counted.
    private void RefuseCopy(Awaited first)
    {
        var end = _awaited.Find(Awaited.CopyEnd, 1);
        var extended = Answers.IsExtended(first);
        for (var i = 1; i < end; i++)
            IsDoubtful |= !extended || _awaited[i] is Awaited.Sync;
        // CopyDone itself, which the server hears as part of the COPY or passes over
        var behind = Math.Min(end, _awaited.Count - 1);
        Skip(1, behind + 1);
        _awaited.RemoveBehindFirst(behind);
    }

    private void SkipToSync()
    {
        var sync = _awaited.Find(Awaited.Sync, 0);
        IsSkipping = sync == _awaited.Count;
        Settle(_awaited.AccountsOf(0), Fate.Failed);
        Skip(1, sync);
        _awaited.RemoveFirst(sync);
    }

    private void RemoveFirst()
    {
        _awaited.RemoveFirst();
        // outside a COPY the server passes over the end of one
        while (IsAwaiting && _awaited.First is Awaited.CopyEnd or Awaited.ParseHere or Awaited.CloseHere)
        {
            if (_awaited.First is not Awaited.CopyEnd)
                Settle(_awaited.AccountsOf(0), Fate.Done,
                    _awaited.First is Awaited.ParseHere ? BackendType.ParseComplete : BackendType.CloseComplete);
            _awaited.RemoveFirst();
        }
    }
}
