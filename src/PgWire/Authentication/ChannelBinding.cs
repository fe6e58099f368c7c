using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Broker.PgWire.Authentication;

/// <summary>Ties SCRAM to the TLS connection by the server's certificate: `tls-server-end-point` of RFC 5929, which is what PostgreSQL knows.</summary>
public static class ChannelBinding
{
    /// <summary>The name of the binding.</summary>
    public const string Kind = "tls-server-end-point";

    /// <summary>The data of a certificate: its hash, by the algorithm of its signature, or SHA-256 where that is weaker.</summary>
    public static byte[] Of(X509Certificate2 certificate)
    {
        var hash = certificate.SignatureAlgorithm.Value switch
        {
            "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
            "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
            _ => HashAlgorithmName.SHA256,
        };
        return certificate.GetCertHash(hash);
    }
}
