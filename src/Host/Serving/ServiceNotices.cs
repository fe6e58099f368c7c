using System.Net.Sockets;

namespace Broker.Host.Serving;

/// <summary>
/// Tells systemd how the process is (a unit of `Type=notify`): a datagram to the socket that NOTIFY_SOCKET names. Without it nobody asked,
/// and nothing is sent.
/// </summary>
internal sealed class ServiceNotices
{
    private const string Variable = "NOTIFY_SOCKET";

    private readonly string? _socket;

    private ServiceNotices(string? socket) => _socket = socket;

    /// <summary>Those of this process.</summary>
    internal static ServiceNotices Find() => new(Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named ? named : null);

    /// <summary>Clients may come.</summary>
    internal void Ready() => Send("READY=1");

    /// <summary>It ends when what runs is finished.</summary>
    internal void Stopping() => Send("STOPPING=1");

    private void Send(string notice)
    {
        if (_socket is null)
        {
            return;
        }
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // A name that begins with @ is one without a file.
            socket.SendTo(System.Text.Encoding.ASCII.GetBytes(notice),
                new UnixDomainSocketEndPoint(_socket[0] == '@' ? "\0" + _socket[1..] : _socket));
        }
        catch (SocketException)
        {
            // Nobody listens there any more; systemd notices by its own limits.
        }
    }
}
