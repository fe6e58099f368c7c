using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Broker.Gateway.Listeners;

/// <summary>Who has connected to a Unix socket, as the system knows (SO_PEERCRED of socket(7)).</summary>
/// <param name="ProcessId">Its process.</param>
/// <param name="UserId">The user that it runs as.</param>
internal readonly partial record struct PeerProcess(int ProcessId, uint UserId)
{
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;
    private const int CredentialsLength = 12;
    private const int RecordLength = 256;
    private const int NamesLength = 16 * 1024;

    /// <summary>Asks for it; null where it is not known: elsewhere than on Linux, and on TCP.</summary>
    internal static PeerProcess? Of(Socket socket)
    {
        if (!OperatingSystem.IsLinux() || socket.AddressFamily is not AddressFamily.Unix)
        {
            return null;
        }
        Span<byte> credentials = stackalloc byte[CredentialsLength];
        return socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials) == CredentialsLength
            ? new(MemoryMarshal.Read<int>(credentials), MemoryMarshal.Read<uint>(credentials[sizeof(int)..]))
            : null;
    }

    /// <summary>
    /// The name of its user (getpwuid_r(3)); null when there is none. May ask a directory over the network: not to be called on a loop.
    /// </summary>
    internal string? UserName()
    {
        var (record, names) = (Marshal.AllocHGlobal(RecordLength), Marshal.AllocHGlobal(NamesLength));
        try
        {
            // its first field is a pointer to the name
            return getpwuid_r(UserId, record, names, NamesLength, out var found) == 0 && found != 0
                ? Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(found))
                : null;
        }
        finally
        {
            Marshal.FreeHGlobal(record);
            Marshal.FreeHGlobal(names);
        }
    }

    [LibraryImport("libc")]
    private static partial int getpwuid_r(uint user, nint record, nint names, nint length, out nint found);
}
