using System.Collections.Concurrent;
using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>
/// The loop of Linux: a thread that runs what is due and then waits in epoll, for a port or for something to run. A statement that crosses
/// a client, its pool's share and a link of one loop so crosses no thread. Others wake it by an event descriptor, and only when it sleeps.
/// </summary>
internal sealed class EpollLoop : ILoop
{
    /// <summary>
    /// What runs in a turn at most, before ports are looked at again: two actors that chat do not keep the others from being heard.
    /// </summary>
    internal const int MostRunsOfTurn = 256;

    private const int Awake = 0;
    private const int Asleep = 1;
    private const int Stopped = 2;

    private readonly ConcurrentQueue<IRunnable> _inbox = new();
    private readonly Queue<IRunnable> _local = new();
    private readonly PortTable _ports = new();
    private readonly Epoll _epoll = new();
    private readonly Thread _thread;
    private readonly Action<Exception> _failed;
    private int _state;
    private volatile bool _stopping;

    /// <summary>Makes and starts it.</summary>
    /// <param name="name">Of its thread.</param>
    /// <param name="failed">Hears what a runnable has thrown: it does not end the loop.</param>
    internal EpollLoop(string name, Action<Exception> failed)
    {
        _failed = failed;
        _thread = new(Run) { Name = name, IsBackground = true };
        // without the context of whoever starts it, which all actors of the loop would see for its life
        _thread.UnsafeStart();
    }

    /// <inheritdoc/>
    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Since when the turn goes on, and what it runs; for the watch.</summary>
    internal TurnInProgress Turn { get; } = new();

    /// <inheritdoc/>
    public void Post(IRunnable run)
    {
        if (IsCurrent)
        {
            _local.Enqueue(run);
            return;
        }
        _inbox.Enqueue(run);
        // The loop says that it sleeps and then looks at the inbox; here it is the other way round. Without a full fence on both sides both
        // may look too early.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _state) == Asleep && Interlocked.CompareExchange(ref _state, Awake, Asleep) == Asleep)
            _epoll.Wake();
    }

    /// <inheritdoc/>
    public void Attach(Port port)
    {
        port.Number = _ports.Add(port);
        try
        {
            _epoll.Watch(port.Descriptor, Watched(writing: false), port.Number);
        }
        catch
        {
            _ports.Remove(port);
            throw;
        }
    }

    /// <inheritdoc/>
    public void Detach(Port port)
    {
        if (!_ports.Remove(port))
            return;
        // before the socket is closed: a copy of the descriptor elsewhere would report for ever
        _epoll.Forget(port.Descriptor);
    }

    /// <inheritdoc/>
    public void WatchReading(Port port)
    {
        // it is edge-triggered: what comes next is said
    }

    /// <inheritdoc/>
    public void WatchWriting(Port port, bool watch) => _epoll.Change(port.Descriptor, Watched(watch), port.Number);

    /// <summary>Ends the thread once it has done what is under way. It closes the ports that are left, and all that it opened.</summary>
    /// <param name="limit">How long the caller waits for that.</param>
    /// <returns>False when the thread did not end in time; it is left alone, and ends when it can.</returns>
    internal bool Stop(TimeSpan limit)
    {
        _stopping = true;
        _epoll.Wake();
        return _thread.Join(limit);
    }

    private static uint Watched(bool writing) => Epoll.In | Epoll.PeerHungUp | Epoll.EdgeTriggered | (writing ? Epoll.Out : 0);

    private void Run()
    {
        var context = ExecutionContext.Capture()!;
        while (!_stopping)
        {
            RunDue(context);
            _ports.FreeRemoved();
            var forever = _local.Count == 0 && FallAsleep();
            Turn.Waits();
            var count = _epoll.Wait(forever);
            Volatile.Write(ref _state, Awake);
            Turn.Begins();
            for (var i = 0; i < count; i++)
                TryTell(_epoll[i]);
        }
        Volatile.Write(ref _state, Stopped);
        _ports.CloseAll(_failed);
        _epoll.Dispose();
    }

    private void RunDue(ExecutionContext context)
    {
        for (var runs = 0; runs < MostRunsOfTurn; runs++)
        {
            if (!_local.TryDequeue(out var run))
            {
                TakeInbox();
                if (!_local.TryDequeue(out run))
                    return;
            }
            Turn.Runs(run);
            try
            {
                run.Run();
            }
            catch (Exception exception)
            {
                _failed(exception);
            }
            // else what one actor leaves in an AsyncLocal, the current activity for one, is seen by the next
            ExecutionContext.Restore(context);
        }
        TakeInbox();
    }

    // so many and no more: others may post faster than they are taken
    private void TakeInbox()
    {
        for (var taken = 0; taken < MostRunsOfTurn && _inbox.TryDequeue(out var run); taken++)
            _local.Enqueue(run);
    }

    private bool FallAsleep()
    {
        Interlocked.Exchange(ref _state, Asleep);
        if (_inbox.IsEmpty && !_stopping)
            return true;
        Volatile.Write(ref _state, Awake);
        return false;
    }

    // what one port throws would end the thread, and with it the process
    private void TryTell((uint Events, ulong Number) happened)
    {
        try
        {
            Tell(happened);
        }
        catch (Exception exception)
        {
            _failed(exception);
        }
    }

    private void Tell((uint Events, ulong Number) happened)
    {
        if (happened.Number == Epoll.WakeUp || _ports.Find(happened.Number) is not { } port)
            return;
        var gone = (happened.Events & (Epoll.HungUp | Epoll.Error)) != 0;
        port.Happened((happened.Events & Epoll.In) != 0, gone || (happened.Events & Epoll.Out) != 0,
            gone || (happened.Events & Epoll.PeerHungUp) != 0, gone);
    }
}
