using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Broker.Gateway.Loops;

/// <summary>Linux's epoll (epoll(7)) and the event descriptor (eventfd(2)) that wakes one who waits in it.</summary>
internal sealed partial class Epoll : IDisposable
{
    internal const uint In = 0x001;
    internal const uint Out = 0x004;
    internal const uint Error = 0x008;
    internal const uint HungUp = 0x010;
    internal const uint PeerHungUp = 0x2000;
    internal const uint EdgeTriggered = 1u << 31;

    /// <summary>What the event of the wake-up says: no port has this number.</summary>
    internal const ulong WakeUp = ulong.MaxValue;

    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;
    private const int Add = 1;
    private const int Delete = 2;
    private const int Modify = 3;
    private const int MostEvents = 256;

    // struct epoll_event is packed on x64 only
    private static readonly int EventSize = RuntimeInformation.ProcessArchitecture is Architecture.X64 ? 12 : 16;
    private static readonly int DataOffset = EventSize - sizeof(ulong);

    // Counted while they are used: a late wake-up must not write into whatever has the number by then, nor a second close close it.
    private readonly SafeFileHandle _epoll;
    private readonly SafeFileHandle _wakeUp;
    private readonly byte[] _events = new byte[MostEvents * 16];

    /// <summary>Opens both.</summary>
    /// <exception cref="Win32Exception">The system refuses: too many descriptors.</exception>
    internal Epoll()
    {
        _epoll = new(Checked(epoll_create1(CloseOnExec)), ownsHandle: true);
        _wakeUp = new(Checked(eventfd(0, CloseOnExec | NonBlocking)), ownsHandle: true);
        Control(Add, (int)_wakeUp.DangerousGetHandle(), In | EdgeTriggered, WakeUp);
    }

    internal static bool IsSupported => OperatingSystem.IsLinux();

    internal void Watch(int descriptor, uint events, ulong data) => Control(Add, descriptor, events, data);

    /// <summary>Changes what is watched; what is ready is reported again.</summary>
    internal void Change(int descriptor, uint events, ulong data) => Control(Modify, descriptor, events, data);

    /// <summary>Watches it no more; one that is not watched is passed over.</summary>
    internal void Forget(int descriptor)
    {
        Span<byte> none = stackalloc byte[16];
        _ = epoll_ctl(_epoll, Delete, descriptor, ref none[0]);
    }

    /// <summary>Waits for events.</summary>
    /// <param name="forever">Whether to wait until there is one; else looks only.</param>
    internal int Wait(bool forever)
    {
        var count = epoll_wait(_epoll, ref _events[0], MostEvents, forever ? -1 : 0);
        // a signal may interrupt it: then there is nothing
        return Math.Max(count, 0);
    }

    /// <summary>What event number so-and-so of the last wait says.</summary>
    internal (uint Events, ulong Data) this[int index]
    {
        get
        {
            var at = _events.AsSpan(index * EventSize);
            return (BinaryPrimitives.ReadUInt32LittleEndian(at), BinaryPrimitives.ReadUInt64LittleEndian(at[DataOffset..]));
        }
    }

    /// <summary>Ends a wait; from any thread, and also when nobody waits any more.</summary>
    internal void Wake()
    {
        if (_wakeUp.IsClosed)
            return;
        Span<byte> one = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(one, 1);
        // it is edge-triggered and never read: that it is full in 2^64 wake-ups is nobody's worry
        try
        {
            _ = write(_wakeUp, ref one[0], one.Length);
        }
        catch (ObjectDisposedException)
        {
            // closed in between
        }
    }

    /// <summary>Closes both; nobody waits any more.</summary>
    public void Dispose()
    {
        _wakeUp.Dispose();
        _epoll.Dispose();
    }

    private void Control(int operation, int descriptor, uint events, ulong data)
    {
        Span<byte> one = stackalloc byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(one, events);
        BinaryPrimitives.WriteUInt64LittleEndian(one[DataOffset..], data);
        Checked(epoll_ctl(_epoll, operation, descriptor, ref one[0]));
    }

    private static int Checked(int result) => result >= 0 ? result : throw new Win32Exception(Marshal.GetLastPInvokeError());

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(SafeFileHandle epoll, int operation, int descriptor, ref byte oneEvent);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(SafeFileHandle epoll, ref byte events, int most, int milliseconds);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint value, int flags);

    [LibraryImport("libc")]
    private static partial nint write(SafeFileHandle descriptor, ref byte bytes, nint length);
}
