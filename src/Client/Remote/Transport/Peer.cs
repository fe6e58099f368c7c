using System.Net;

namespace Broker.Client.Remote.Transport;

/// <summary>Who is at the other side of an association.</summary>
/// <param name="System">The name of its actor system, which no other living association has.</param>
/// <param name="EndPoint">Where it connected from.</param>
/// <param name="CertificateSubject">The subject of the certificate it proved to have; null without TLS.</param>
/// <param name="CertificateThumbprint">The SHA-256 thumbprint of that certificate, in hexadecimal; null without TLS.</param>
public sealed record Peer(string System, IPEndPoint EndPoint, string? CertificateSubject, string? CertificateThumbprint);
