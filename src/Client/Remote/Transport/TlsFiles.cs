using System.Security.Cryptography.X509Certificates;

namespace Broker.Client.Remote.Transport;

/// <summary>Loads certificates from files.</summary>
public static class TlsFiles
{
    /// <summary>A certificate with its private key, both in PEM; they may be in one file.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">They are not what they should be, or do not belong
    /// together.</exception>
    public static X509Certificate2 Pem(string certificateFile, string? keyFile = null) =>
        X509Certificate2.CreateFromPemFile(certificateFile, keyFile);

    /// <summary>A certificate with its private key in one PKCS#12 file (.pfx, .p12).</summary>
    /// <param name="file">The file.</param>
    /// <param name="password">Its password; null for none.</param>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is not such a file, or the password is wrong.</exception>
    public static X509Certificate2 Pfx(string file, string? password) => X509CertificateLoader.LoadPkcs12FromFile(file, password);

    /// <summary>A certificate without a private key, in PEM or DER: that of an authority, or one whose thumbprint is wanted.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">It is not a certificate.</exception>
    public static X509Certificate2 Certificate(string file) => X509CertificateLoader.LoadCertificateFromFile(file);
}
