using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Broker.PgWire.Authentication;

/// <summary>
/// Ties SCRAM to the TLS connection by the server's certificate: `tls-server-end-point` of RFC 5929, which is what PostgreSQL knows.
/// </summary>
public static class ChannelBinding
{
    /// <summary>The name of the binding.</summary>
    public const string Kind = "tls-server-end-point";

    private const string RsaPss = "1.2.840.113549.1.1.10";

    /// <summary>
    /// The data of a certificate: its hash, by the algorithm of its signature, or SHA-256 where that is weaker. Null where none is defined,
    /// because the signature has no hash (Ed25519) or one that is not known here: then there is no binding.
    /// </summary>
    public static byte[]? Of(X509Certificate2 certificate)
    {
        var algorithm = certificate.SignatureAlgorithm.Value;
        return HashOf(algorithm == RsaPss ? HashOfPss(certificate) : algorithm) is { } hash ? certificate.GetCertHash(hash) : null;
    }

    // signatures by RSA, by elliptic curves and by DSA; then hashes, which is what RSA-PSS names
    private static HashAlgorithmName? HashOf(string? algorithm) => algorithm switch
    {
        "1.2.840.113549.1.1.4" or "1.2.840.113549.1.1.5" or "1.2.840.10045.4.1" or "1.2.840.10040.4.3" or "1.3.14.3.2.26"
            => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" or "2.16.840.1.101.3.4.3.2" or "2.16.840.1.101.3.4.2.1"
            => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" or "2.16.840.1.101.3.4.3.3" or "2.16.840.1.101.3.4.2.2"
            => HashAlgorithmName.SHA384,
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" or "2.16.840.1.101.3.4.3.4" or "2.16.840.1.101.3.4.2.3"
            => HashAlgorithmName.SHA512,
        _ => null,
    };

    // Certificate, its signatureAlgorithm, RSASSA-PSS-params, hashAlgorithm (RFC 4055); SHA-1 where it is left out
    private static string HashOfPss(X509Certificate2 certificate)
    {
        const string Sha1 = "1.3.14.3.2.26";
        var fields = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.BER).ReadSequence();
        fields.ReadEncodedValue();
        var algorithm = fields.ReadSequence();
        algorithm.ReadObjectIdentifier();
        if (!algorithm.HasData)
            return Sha1;
        var parameters = algorithm.ReadSequence();
        var hash = new Asn1Tag(TagClass.ContextSpecific, 0, isConstructed: true);
        return parameters.HasData && parameters.PeekTag().HasSameClassAndValue(hash)
            ? parameters.ReadSequence(hash).ReadSequence().ReadObjectIdentifier()
            : Sha1;
    }
}
