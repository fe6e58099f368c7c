using System.Collections.Frozen;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Broker.Client.Remote.Transport;

/// <summary>
/// How the sides of a wire prove who they are: each shows a certificate, and accepts the other's when it is one of those pinned, or was
/// issued by the one authority trusted. Nothing else counts: not the machine's store of authorities, and no name in a certificate.
/// </summary>
public sealed class TlsEnd
{
    /// <summary>The purpose of a certificate that a broker shows.</summary>
    internal const string AsServer = "1.3.6.1.5.5.7.3.1";

    /// <summary>The purpose of a certificate that a client shows.</summary>
    internal const string AsClient = "1.3.6.1.5.5.7.3.2";

    private readonly FrozenSet<string> _pinned;
    private readonly X509Certificate2? _authority;

    private TlsEnd(X509Certificate2 own, FrozenSet<string> pinned, X509Certificate2? authority)
    {
        if (!own.HasPrivateKey)
        {
            throw new ArgumentException($"The certificate {own.Subject} has no private key", nameof(own));
        }

        (Own, _pinned, _authority) = (own, pinned, authority);
    }

    /// <summary>What this side shows.</summary>
    public X509Certificate2 Own { get; }

    /// <summary>Accepts who shows one of these certificates.</summary>
    /// <param name="own">What this side shows, with its private key.</param>
    /// <param name="thumbprints">SHA-256 thumbprints in hexadecimal; colons and blanks within do not matter.</param>
    /// <exception cref="ArgumentException">The certificate has no private key, or a thumbprint is none.</exception>
    public static TlsEnd Pinned(X509Certificate2 own, params IEnumerable<string> thumbprints) =>
        new(own, thumbprints.Select(Plain).ToFrozenSet(StringComparer.OrdinalIgnoreCase), null);

    /// <summary>Accepts who shows a valid certificate that this authority issued.</summary>
    /// <param name="own">What this side shows, with its private key.</param>
    /// <param name="authority">The certificate of the authority.</param>
    /// <exception cref="ArgumentException">The certificate has no private key.</exception>
    public static TlsEnd IssuedBy(X509Certificate2 own, X509Certificate2 authority) => new(own, [], authority);

    /// <summary>The SHA-256 thumbprint of a certificate, in hexadecimal.</summary>
    public static string Thumbprint(X509Certificate certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>Why a certificate is not accepted; null when it is.</summary>
    /// <param name="shown">What the other side showed.</param>
    /// <param name="purpose">
    /// What it shows it as, <see cref="AsServer"/> or <see cref="AsClient"/>: an authority may say in a certificate that it is for one of
    /// these only.
    /// </param>
    internal string? WhyNot(X509Certificate? shown, string purpose) =>
        shown is not X509Certificate2 certificate ? "no certificate was shown"
        : _authority is not null ? WhyNotIssued(certificate, _authority, purpose)
        : _pinned.Contains(Thumbprint(certificate)) ? null
        : $"the certificate {certificate.Subject} with the thumbprint {Thumbprint(certificate)} is not pinned";

    /// <summary>How this end answers one that connects.</summary>
    internal SslServerAuthenticationOptions Server(RemoteCertificateValidationCallback accept) => new()
    {
        ServerCertificate = Own,
        ClientCertificateRequired = true,
        EnabledSslProtocols = Protocols,
        CertificateChainPolicy = Offline(),
        RemoteCertificateValidationCallback = accept,
    };

    /// <summary>How this end speaks to one that listens.</summary>
    internal SslClientAuthenticationOptions Client(RemoteCertificateValidationCallback accept) => new()
    {
        TargetHost = "broker",
        ClientCertificates = [Own],
        EnabledSslProtocols = Protocols,
        CertificateChainPolicy = Offline(),
        RemoteCertificateValidationCallback = accept,
    };

    private static SslProtocols Protocols => SslProtocols.Tls12 | SslProtocols.Tls13;

    private static string? WhyNotIssued(X509Certificate2 certificate, X509Certificate2 authority, string purpose)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy = Offline();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(purpose));
        return chain.Build(certificate) ? null
            : $"the certificate {certificate.Subject} was not issued by {authority.Subject} or is not valid: "
                + string.Join(", ", chain.ChainStatus.Select(static status => status.Status));
    }

    /// <summary>Nothing is fetched from an address that a certificate names: it may be anybody's who has not proved anything yet.</summary>
    private static X509ChainPolicy Offline() => new() { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };

    private static string Plain(string thumbprint)
    {
        var plain = string.Concat(thumbprint.Where(static character => character is not (':' or ' ')));
        return plain.Length == 2 * SHA256.HashSizeInBytes && plain.All(char.IsAsciiHexDigit)
            ? plain
            : throw new ArgumentException($"\"{thumbprint}\" is not a SHA-256 thumbprint of 64 hexadecimal digits", nameof(thumbprint));
    }
}
