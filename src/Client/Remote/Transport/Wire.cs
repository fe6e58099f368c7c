using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace Broker.Client.Remote.Transport;

/// <summary>A socket on which both sides have agreed to speak.</summary>
/// <param name="Socket">The socket.</param>
/// <param name="Stream">Its bytes, deciphered where there is TLS.</param>
/// <param name="Certificate">What the other side proved to have; null without TLS.</param>
internal sealed record Wire(Socket Socket, Stream Stream, X509Certificate2? Certificate);
