using System.Text;
using Broker.Gateway.Listeners;

namespace Broker.Configuration;

/// <summary>
/// Where the gateway listens: <c>tcp://host:port</c>, <c>tcp://*:port</c> for every address, or <c>unix:///folder[:port]</c>.
/// </summary>
internal static class ListenAddress
{
    internal const string Allowed =
        "allowed is tcp://host:port, unix:///folder or unix:///folder:port, each once, in quotes; or a list of them";

    private const string Tcp = "tcp://";
    private const string Unix = "unix://";

    /// <summary>Reads one; null when it is none.</summary>
    /// <param name="text">As it is written.</param>
    /// <param name="unixPort">The number in the name of a socket that names none.</param>
    internal static HostEndpoint? TryParse(string text, int unixPort) =>
        text.StartsWith(Tcp, StringComparison.Ordinal) && HostEndpoint.TryParse(text[Tcp.Length..], 0) is { IsUnixSocket: false } tcp ? tcp
        : text.StartsWith($"{Unix}/", StringComparison.Ordinal) ? HostEndpoint.TryParse(text[Unix.Length..], unixPort)
        : null;

    /// <summary>Whether the system can name the socket: 107 bytes with its folder.</summary>
    internal static bool Fits(HostEndpoint endpoint) => !endpoint.IsUnixSocket
        || Encoding.UTF8.GetByteCount(ListeningSocket.PathOf(endpoint.Host, endpoint.Port)) <= ListeningSocket.LongestPath;
}
