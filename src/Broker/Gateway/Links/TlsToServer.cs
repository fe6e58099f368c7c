using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Broker.Configuration;

namespace Broker.Gateway.Links;

/// <summary>
/// How connections to a server are encrypted, as its settings say it; the meanings are those that the embedded door's have.
/// </summary>
internal static class TlsToServer
{
    /// <summary>What is tried first. A Unix socket is never encrypted.</summary>
    internal static TlsUse First(TlsMode mode, HostEndpoint host) => host.IsUnixSocket ? TlsUse.None : mode switch
    {
        TlsMode.Disable or TlsMode.Allow => TlsUse.None,
        TlsMode.Prefer => TlsUse.IfOffered,
        TlsMode.Require or TlsMode.VerifyCa or TlsMode.VerifyFull => TlsUse.Required,
    };

    /// <summary>
    /// What is tried when the server has refused to let us in: another rule of its may be for the other way. Null for nothing.
    /// </summary>
    /// <param name="mode">The setting.</param>
    /// <param name="host">Which host.</param>
    /// <param name="wasEncrypted">Whether what it refused was encrypted.</param>
    internal static TlsUse? Second(TlsMode mode, HostEndpoint host, bool wasEncrypted) => mode switch
    {
        TlsMode.Allow when !wasEncrypted && !host.IsUnixSocket => TlsUse.Required,
        TlsMode.Prefer when wasEncrypted => TlsUse.None,
        _ => null,
    };

    /// <summary>What a handshake is made by. Reads files: on the thread pool.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A file does not hold what it should.</exception>
    /// <exception cref="IOException">A file cannot be read.</exception>
    internal static SslClientAuthenticationOptions Options(ServerSettings server, HostEndpoint host)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (server.RootCertificate.Length > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.ImportFromPemFile(server.RootCertificate);
        }
        var forgiven = server.Tls switch
        {
            TlsMode.VerifyFull => SslPolicyErrors.None,
            TlsMode.VerifyCa => SslPolicyErrors.RemoteCertificateNameMismatch,
            TlsMode.Disable or TlsMode.Allow or TlsMode.Prefer or TlsMode.Require =>
                SslPolicyErrors.RemoteCertificateNameMismatch | SslPolicyErrors.RemoteCertificateChainErrors
                | SslPolicyErrors.RemoteCertificateNotAvailable,
        };
        return new()
        {
            TargetHost = host.Host,
            CertificateChainPolicy = policy,
            // without one, what is wrong is told in words
            RemoteCertificateValidationCallback =
                forgiven == SslPolicyErrors.None ? null : (_, _, _, errors) => (errors & ~forgiven) == SslPolicyErrors.None,
            ClientCertificateContext = server.ClientCertificate.Length > 0 ? Own(server) : null,
        };
    }

    private static SslStreamCertificateContext Own(ServerSettings server)
    {
        var key = server.ClientKey.Length > 0 ? server.ClientKey : null;
        var certificate = X509Certificate2.CreateFromPemFile(server.ClientCertificate, key);
        if (OperatingSystem.IsWindows())
        {
            // there TLS takes no key that was not kept once
            certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
        }
        var between = new X509Certificate2Collection();
        between.ImportFromPemFile(server.ClientCertificate);
        return SslStreamCertificateContext.Create(certificate, between, offline: true);
    }
}

/// <summary>Whether one connection is encrypted.</summary>
internal enum TlsUse
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>It is, if the server can.</summary>
    IfOffered,

    /// <summary>It is, or there is none.</summary>
    Required,
}
