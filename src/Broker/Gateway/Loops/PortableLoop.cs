using System.Collections.Concurrent;
using System.Net.Sockets;
using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>
/// The loop where there is no epoll: what is due runs one after the other on the thread pool, and .NET says which sockets are ready.
/// Slower, and the same to its actors.
/// </summary>
internal sealed class PortableLoop : ILoop
{
    /// <summary>How often a socket that connects is looked at: nothing tells when it is done.</summary>
    private static readonly TimeSpan ConnectingLook = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentQueue<IRunnable> _inbox = new();
    private readonly PortTable _ports = new();
    private readonly Action<Exception> _failed;
    private Thread? _thread;
    private int _scheduled;

    /// <summary>Makes one.</summary>
    /// <param name="failed">Hears what a runnable has thrown.</param>
    internal PortableLoop(Action<Exception> failed) => _failed = failed;

    /// <inheritdoc/>
    public bool IsCurrent => Volatile.Read(ref _thread) == Thread.CurrentThread;

    /// <inheritdoc/>
    public void Post(IRunnable run)
    {
        _inbox.Enqueue(run);
        Schedule();
    }

    /// <inheritdoc/>
    public void Attach(Port port)
    {
        port.Number = _ports.Add(port);
        WatchReading(port);
    }

    /// <inheritdoc/>
    public void Detach(Port port) => _ports.Remove(port);

    /// <summary>Closes the ports that are left. What is posted later runs all the same.</summary>
    internal void Stop() => Post(new ActionRunnable(() => _ports.CloseAll(_failed)));

    /// <inheritdoc/>
    public void WatchReading(Port port)
    {
        if (port.IsWritable || port.Backlog > 0)
            _ = HearReadingAsync(port, port.Number);
    }

    /// <inheritdoc/>
    public void WatchWriting(Port port, bool watch)
    {
        if (watch)
            _ = port.Backlog > 0 ? SendAsync(port, port.Number) : HearConnectedAsync(port, port.Number);
    }

    private async Task HearReadingAsync(Port port, ulong number)
    {
        try
        {
            // waits for data or for the end, and takes nothing
            await port.Socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None).ConfigureAwait(false);
            Happened(port, number, () => port.Happened(readable: true, writable: false, hungUp: false));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Happened(port, number, () => port.Happened(readable: true, writable: true, hungUp: true));
        }
    }

    private async Task SendAsync(Port port, ulong number)
    {
        try
        {
            var sent = await port.Socket.SendAsync(port.BacklogCopy(), SocketFlags.None).ConfigureAwait(false);
            Happened(port, number, () =>
            {
                port.SkipBacklog(sent);
                port.Happened(readable: false, writable: true, hungUp: false);
            });
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Happened(port, number, () => port.Happened(readable: true, writable: true, hungUp: true));
        }
    }

    private async Task HearConnectedAsync(Port port, ulong number)
    {
        try
        {
            while (!port.Socket.Poll(TimeSpan.Zero, SelectMode.SelectWrite) && !port.Socket.Poll(TimeSpan.Zero, SelectMode.SelectError))
                await Task.Delay(ConnectingLook).ConfigureAwait(false);
            Happened(port, number, () => port.Happened(readable: false, writable: true, hungUp: false));
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            Happened(port, number, () => port.Happened(readable: true, writable: true, hungUp: true));
        }
    }

    private void Happened(Port port, ulong number, Action what) => Post(new ActionRunnable(() =>
    {
        if (_ports.Find(number) == port)
            what();
    }));

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static loop => loop.Run(), this, preferLocal: false);
    }

    private void Run()
    {
        Volatile.Write(ref _thread, Thread.CurrentThread);
        var context = ExecutionContext.Capture()!;
        for (var runs = 0; runs < EpollLoop.MostRunsOfTurn && _inbox.TryDequeue(out var run); runs++)
        {
            try
            {
                run.Run();
            }
            catch (Exception exception)
            {
                _failed(exception);
            }
            ExecutionContext.Restore(context);
        }
        _ports.FreeRemoved();
        Volatile.Write(ref _thread, null);
        Interlocked.Exchange(ref _scheduled, 0);
        if (!_inbox.IsEmpty)
            Schedule();
    }
}
