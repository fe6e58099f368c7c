using System.Net;
using System.Net.Sockets;

namespace Broker.Gateway.Listeners;

/// <summary>
/// A socket that clients connect to, on TCP or in a folder. As PostgreSQL's, a Unix socket is called `.s.PGSQL.{port}`; one that a dead
/// process has left is replaced, one that somebody answers on is not. Its permissions are set before anybody can connect, and it is removed
/// at the end.
/// </summary>
internal sealed class ListeningSocket : IDisposable
{
    /// <summary>The longest path of a Unix socket, in bytes (unix(7): 108 with the zero byte).</summary>
    internal const int LongestPath = 107;

    private readonly string? _path;

    private ListeningSocket(Socket socket, string? path) => (Socket, _path) = (socket, path);

    internal Socket Socket { get; }

    /// <summary>Where it listens, as a URL.</summary>
    internal string Address => _path is null ? $"tcp://{Socket.LocalEndPoint}" : $"unix://{_path}";

    /// <summary>Listens on TCP.</summary>
    /// <param name="address">Port 0 for any that is free.</param>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <exception cref="ListenException">The address is taken, or not ours.</exception>
    internal static ListeningSocket OnTcp(IPEndPoint address, int backlog)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Not ReuseAddress: on Linux it would let a second broker listen on the same port unnoticed.
            socket.Bind(address);
            socket.Listen(backlog);
            return new(socket, null);
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new ListenException($"cannot listen on tcp://{address}: {exception.Message}", exception);
        }
    }

    /// <summary>What a Unix socket is called.</summary>
    internal static string PathOf(string folder, int port) => Path.Combine(Path.GetFullPath(folder), $".s.PGSQL.{port}");

    /// <summary>Listens in a folder.</summary>
    /// <param name="folder">Must be there.</param>
    /// <param name="port">A part of the name.</param>
    /// <param name="mode">Who may connect.</param>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <exception cref="ListenException">The path is too long, somebody listens there, or the folder is not ours.</exception>
    internal static ListeningSocket OnUnix(string folder, int port, UnixFileMode mode, int backlog)
    {
        var path = PathOf(folder, port);
        var length = System.Text.Encoding.UTF8.GetByteCount(path);
        if (length > LongestPath)
        {
            throw new ListenException($"cannot listen on unix://{path}: the path has {length} bytes, at most {LongestPath} are possible");
        }
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            RemoveStale(path);
            socket.Bind(new UnixDomainSocketEndPoint(path));
            // nobody can connect before it listens
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, mode);
            }
            socket.Listen(backlog);
            return new(socket, path);
        }
        catch (Exception exception) when (exception is SocketException or IOException or UnauthorizedAccessException)
        {
            socket.Dispose();
            throw new ListenException($"cannot listen on unix://{path}: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        Socket.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { Blocking = false };
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.WouldBlock)
        {
            // somebody listens, and is busy
        }
        throw new ListenException($"cannot listen on unix://{path}: somebody listens there already");
    }
}

/// <summary>An address cannot be listened on.</summary>
internal sealed class ListenException : Exception
{
    internal ListenException(string message, Exception? cause = null)
        : base(message, cause)
    {
    }
}
