using System.Buffers;
using System.Diagnostics;
using System.Net.Sockets;
using Akka.Actor;
using Akka.Dispatch;

namespace Broker.Gateway.Loops;

/// <summary>
/// A socket on a loop. Only its owner touches it, and only there: reading and writing never wait. What is ready is remembered until it was
/// used, so that a message about it says no more than "look" (<see cref="PortReady"/>), and not to read is all that holds a fast peer back.
/// </summary>
internal sealed class Port
{
    private readonly Socket _socket;
    private readonly PortReady _ready;
    private readonly ActionRunnable _lookAgain;
    private IActorRef _owner;
    private bool _signalled;
    private bool _hungUp;
    private byte[] _backlog = [];
    private int _backlogStart;
    private int _backlogEnd;

    /// <summary>Takes a socket over; nobody else may use it.</summary>
    /// <param name="socket">
    /// Accepted, connected or connecting. No asynchronous call was ever made on it that had to wait: .NET would watch it for ever.
    /// </param>
    /// <param name="loop">Where it lives.</param>
    /// <param name="owner">Who is told.</param>
    internal Port(Socket socket, ILoop loop, IActorRef owner)
    {
        socket.Blocking = false;
        (_socket, Loop, _owner, _ready, _lookAgain) = (socket, loop, owner, new(this), new(TellAgain));
    }

    /// <summary>Where it lives.</summary>
    internal ILoop Loop { get; private set; }

    /// <summary>Whose it is.</summary>
    internal IActorRef Owner => _owner;

    /// <summary>Its number for the loop, while it is attached.</summary>
    internal ulong Number { get; set; }

    internal int Descriptor => (int)_socket.SafeHandle.DangerousGetHandle();

    internal Socket Socket => _socket;

    /// <summary>Whether there may be something to read, the end included.</summary>
    internal bool IsReadable { get; private set; }

    /// <summary>Whether writing went through to the socket so far: false until the first event, for one that is connecting.</summary>
    internal bool IsWritable { get; private set; } = true;

    /// <summary>Bytes that were written and could not be sent yet.</summary>
    internal int Backlog => _backlogEnd - _backlogStart;

    /// <summary>Bytes of memory that it holds for them: none while there are none.</summary>
    internal int Buffer => _backlog.Length;

    internal bool IsClosed { get; private set; }

    /// <summary>
    /// Whether the peer hears nothing any more: it is closed on both sides, or was reset. One that has only said its last word may still
    /// listen.
    /// </summary>
    internal bool IsGone { get; private set; }

    /// <summary>To be called first on a <see cref="PortReady"/>: from now on the next event is told again.</summary>
    internal void Look() => _signalled = false;

    /// <summary>Begins to hear of it.</summary>
    /// <param name="connecting">Whether the socket is still connecting: <see cref="IsWritable"/> says when it is done.</param>
    internal void Attach(bool connecting = false)
    {
        Debug.Assert(Loop.IsCurrent);
        IsWritable = !connecting;
        Loop.Attach(this);
        if (connecting)
            Loop.WatchWriting(this, true);
    }

    /// <summary>Gives it to another actor of the same loop, who is told at once if there is something to read.</summary>
    internal void GiveTo(IActorRef owner)
    {
        Debug.Assert(Loop.IsCurrent);
        (_owner, _signalled) = (owner, false);
        if (IsReadable)
            Tell();
    }

    /// <summary>Leaves this loop, to be attached to another. Nothing that was ready is lost: attaching says it again.</summary>
    internal void MoveTo(ILoop loop, IActorRef owner)
    {
        Debug.Assert(Loop.IsCurrent && Backlog == 0);
        Loop.Detach(this);
        (Loop, _owner, _signalled, IsReadable) = (loop, owner, false, false);
    }

    /// <summary>Comes to this loop, to which it was moved by <see cref="MoveTo"/>.</summary>
    internal void MoveHere(IActorRef owner)
    {
        _owner = owner;
        Attach();
    }

    /// <summary>
    /// Tells the owner to look again later in this turn, because it has stopped before all was read. All that is due comes first: a message
    /// straight to itself an actor would read in the same run, some thirty times over, while the others wait.
    /// </summary>
    internal void Signal()
    {
        if (_signalled || IsClosed)
            return;
        _signalled = true;
        Loop.Post(_lookAgain);
    }

    private void Tell()
    {
        if (_signalled || IsClosed)
            return;
        _signalled = true;
        _owner.Tell(_ready, ActorRefs.NoSender);
    }

    // Posted before, it may find the port closed, with another owner (who then looks once too often), or gone to another loop.
    private void TellAgain()
    {
        if (_signalled && !IsClosed && Loop.IsCurrent)
            _owner.Tell(_ready, ActorRefs.NoSender);
    }

    /// <summary>Reads what there is.</summary>
    /// <param name="into">Where to; not empty.</param>
    /// <returns>How many bytes; 0 when there are none now; -1 when none will come any more, or it is closed.</returns>
    internal int Read(Span<byte> into)
    {
        Debug.Assert(Loop.IsCurrent && !into.IsEmpty);
        if (IsClosed)
            return -1;
        if (!IsReadable)
            return 0;
        var count = _socket.Receive(into, SocketFlags.None, out var error);
        if (error is SocketError.WouldBlock)
        {
            Drained();
            return 0;
        }
        if (error is not SocketError.Success || count == 0)
            return -1;
        // less than there was room for: there is no more, and asking again would cost a call. After a hang-up no event says that the end
        // has come, so it is asked.
        if (count < into.Length && !_hungUp)
            Drained();
        return count;
    }

    /// <summary>Writes; what the socket does not take is kept and sent when it does. The owner is told when all is gone.</summary>
    /// <returns>False when the peer is gone, or it is closed.</returns>
    internal bool Write(ReadOnlySpan<byte> bytes)
    {
        Debug.Assert(Loop.IsCurrent);
        if (IsClosed)
            return false;
        if (bytes.IsEmpty)
            return true;
        var sent = 0;
        if (Backlog == 0 && IsWritable && !Send(bytes, out sent))
            return false;
        if (sent < bytes.Length)
            Keep(bytes[sent..]);
        return true;
    }

    /// <summary>
    /// What connecting has come to, once <see cref="IsWritable"/>: null when it succeeded. To be asked once; reading begins then.
    /// </summary>
    internal SocketError? ConnectError()
    {
        if (IsClosed)
            return SocketError.OperationAborted;
        var error = (SocketError)_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        if (error is not SocketError.Success)
            return error;
        Loop.WatchReading(this);
        return null;
    }

    /// <summary>Writes no more, and what was not sent is lost: the peer finds the end, and may still say what it has to say.</summary>
    internal void EndWriting()
    {
        Debug.Assert(Loop.IsCurrent);
        if (IsClosed)
            return;
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // it is over already, which the reader finds
        }
    }

    /// <summary>Closes it, and what was not sent is lost.</summary>
    internal void Close()
    {
        if (IsClosed)
            return;
        Debug.Assert(Loop.IsCurrent);
        IsClosed = true;
        Loop.Detach(this);
        _socket.Dispose();
        Release();
    }

    /// <summary>What waits to be sent, for a loop that sends it by itself.</summary>
    internal byte[] BacklogCopy() => _backlog[_backlogStart.._backlogEnd];

    /// <summary>So much of it was sent.</summary>
    internal void SkipBacklog(int sent) => _backlogStart += sent;

    /// <summary>The loop says what has happened.</summary>
    internal void Happened(bool readable, bool writable, bool hungUp, bool gone = false)
    {
        _hungUp |= hungUp;
        IsGone |= gone;
        IsReadable |= readable || hungUp;
        if (writable && !IsWritable)
        {
            IsWritable = true;
            FlushBacklog();
        }
        Tell();
    }

    private void Drained()
    {
        IsReadable = false;
        Loop.WatchReading(this);
    }

    private bool Send(ReadOnlySpan<byte> bytes, out int sent)
    {
        sent = 0;
        while (sent < bytes.Length)
        {
            var count = _socket.Send(bytes[sent..], SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock)
                break;
            if (error is not SocketError.Success)
            {
                // the reader finds the end, and what came before it
                _hungUp = IsGone = IsReadable = true;
                Signal();
                return false;
            }
            sent += count;
        }
        return true;
    }

    private void FlushBacklog()
    {
        if (Backlog > 0)
        {
            if (!Send(_backlog.AsSpan(_backlogStart, Backlog), out var sent))
            {
                Release();
                return;
            }
            _backlogStart += sent;
            if (Backlog > 0)
            {
                IsWritable = false;
                Loop.WatchWriting(this, true);
                return;
            }
        }
        Release();
        Loop.WatchWriting(this, false);
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_backlog.Length - _backlogEnd < bytes.Length)
        {
            var grown = ArrayPool<byte>.Shared.Rent(Math.Max(2 * Backlog, Backlog + bytes.Length));
            _backlog.AsSpan(_backlogStart, Backlog).CopyTo(grown);
            var kept = Backlog;
            Release();
            (_backlog, _backlogStart, _backlogEnd) = (grown, 0, kept);
        }
        bytes.CopyTo(_backlog.AsSpan(_backlogEnd));
        _backlogEnd += bytes.Length;
        if (!IsWritable)
            return;
        IsWritable = false;
        Loop.WatchWriting(this, true);
    }

    private void Release()
    {
        if (_backlog.Length > 0)
            ArrayPool<byte>.Shared.Return(_backlog);
        (_backlog, _backlogStart, _backlogEnd) = ([], 0, 0);
    }
}
