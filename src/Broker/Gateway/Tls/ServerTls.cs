using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Broker.Configuration;
using Broker.PgWire.Authentication;

namespace Broker.Gateway.Tls;

/// <summary>
/// How the gateway encrypts its clients' connections: its certificate, and whose certificates it believes. The chain is built once, without
/// the network.
/// </summary>
internal sealed class ServerTls
{
    private readonly SslStreamCertificateContext _certificate;
    private readonly X509Certificate2Collection? _authorities;

    private ServerTls(SslStreamCertificateContext certificate, X509Certificate2Collection? authorities, ImmutableArray<byte> binding) =>
        (_certificate, _authorities, Binding) = (certificate, authorities, binding);

    /// <summary>What ties a proof to the certificate; empty when it has none.</summary>
    internal ImmutableArray<byte> Binding { get; }

    /// <summary>Reads the files; null when nothing is encrypted.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It holds something else.</exception>
    internal static ServerTls? Load(GatewayTlsSettings settings)
    {
        if (settings.Mode is TlsMode.Disable)
        {
            return null;
        }
        var certificate = X509Certificate2.CreateFromPemFile(settings.Certificate, settings.Key);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(settings.Certificate);
        chain.RemoveAt(0);
        X509Certificate2Collection? authorities = null;
        if (settings.Verifies)
        {
            authorities = [];
            authorities.ImportFromPemFile(settings.Ca);
        }
        return new(SslStreamCertificateContext.Create(certificate, chain, offline: true), authorities,
            [.. ChannelBinding.Of(certificate) ?? []]);
    }

    /// <summary>For one handshake.</summary>
    /// <param name="application">The protocol that may be asked for by ALPN.</param>
    internal SslServerAuthenticationOptions Options(SslApplicationProtocol application) => new()
    {
        ServerCertificateContext = _certificate,
        ApplicationProtocols = [application],
        ClientCertificateRequired = _authorities is not null,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        RemoteCertificateValidationCallback = _authorities is null ? null : IsSignedByUs,
    };

    private bool IsSignedByUs(object sender, X509Certificate? shown, X509Chain? given, SslPolicyErrors errors)
    {
        if (shown is null)
        {
            return false;
        }
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities!);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        if (given is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(given.ChainElements.Select(static element => element.Certificate).ToArray());
        }
        using var certificate = new X509Certificate2(shown);
        return chain.Build(certificate);
    }
}
