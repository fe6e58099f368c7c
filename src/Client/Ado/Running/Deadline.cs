using Broker.Client.Protocol.Failures;

namespace Broker.Client.Ado.Running;

/// <summary>
/// What may end one execution of a command early: its caller's token, Cancel, or its timeout. It knows which of them it was. Disposed
/// when nothing of the execution is under way any more.
/// </summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource _source;
    private readonly TimeSpan _timeout;
    private CancellationToken _caller;
    private CancellationTokenRegistration _registration;
    private volatile bool _cancelAsked;
    private volatile bool _disposed;

    /// <summary>Starts the time.</summary>
    /// <param name="timeout">How long it may take; zero for ever.</param>
    /// <param name="caller">The caller's token.</param>
    internal Deadline(TimeSpan timeout, CancellationToken caller)
    {
        (_timeout, _source) = (timeout, new());
        Begin(caller);
    }

    /// <summary>Fires when it is to end.</summary>
    internal CancellationToken Token => _source.Token;

    /// <summary>The next part of the execution begins, which has the whole time again.</summary>
    internal void Begin(CancellationToken caller)
    {
        _caller = caller;
        _registration = caller.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        if (_timeout > TimeSpan.Zero)
            _source.CancelAfter(_timeout);
    }

    /// <summary>A part is over: while the caller does something else no time runs.</summary>
    internal void Pause()
    {
        _registration.Dispose();
        if (_timeout > TimeSpan.Zero && !_disposed)
            _source.CancelAfter(Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends what is under way.</summary>
    internal void Cancel()
    {
        _cancelAsked = true;
        try
        {
            _source.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was over.
        }
    }

    /// <summary>
    /// What an execution that was ended early throws: for the caller's token an <see cref="OperationCanceledException"/> of it, for
    /// Cancel one of none, for the timeout a <see cref="BrokerException"/> with a <see cref="TimeoutException"/> inside. Null when it was
    /// not ended by this.
    /// </summary>
    internal Exception? WhyEnded(Exception thrown)
    {
        if (!_source.IsCancellationRequested || !(thrown is OperationCanceledException or BrokerException { SqlState: "57014" }))
            return null;
        if (_caller.IsCancellationRequested)
            return new OperationCanceledException(thrown.Message, thrown.InnerException ?? thrown, _caller);
        if (_cancelAsked)
            return new OperationCanceledException(thrown.Message, thrown.InnerException ?? thrown);
        var where = ((thrown as BrokerException ?? thrown.InnerException as BrokerException)?.Failure as Cancelled)?.Where
            ?? "while it was under way";
        var cause = new TimeoutException($"it took longer than {_timeout.TotalSeconds:0.###} s", thrown);
        return new BrokerException(new Cancelled($"by its CommandTimeout of {_timeout.TotalSeconds:0.###} s, {where}"), cause);
    }

    public void Dispose()
    {
        _disposed = true;
        _registration.Dispose();
        _source.Dispose();
    }
}
