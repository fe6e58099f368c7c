using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Broker.PgWire.Authentication;
using Xunit;

namespace Broker.PgWire.Tests.Authentication;

public sealed class ChannelBindingTests
{
    /// <summary>Without a hash in its signature (RFC 5929 leaves that open, and PostgreSQL gives up).</summary>
    private const string SignedWithEd25519 = """
        MIIBOjCB7aADAgECAhRBkRh7Pygj+GnitwQF8+eFfng6ozAFBgMrZXAwEjEQMA4GA1UEAwwHZWQyNTUxOTAgFw0yNjExMjgyMTA5MzBaGA8yMTI2MTEwNDIxMDkzMFowEj
        EQMA4GA1UEAwwHZWQyNTUxOTAqMAUGAytlcAMhACHS2zIcY1vO8ZqREFUpOJGx0pdWzASRU92nhk0eSDEso1MwUTAdBgNVHQ4EFgQUSS0CqoVSDhiAmAgD5y+NjXbIQCAw
        HwYDVR0jBBgwFoAUSS0CqoVSDhiAmAgD5y+NjXbIQCAwDwYDVR0TAQH/BAUwAwEB/zAFBgMrZXADQQA4FxeScL5jPru2CE1lGbjaNgDqchSy4KA6QRIB+yaJOFseJmt+mp
        /sGj2EHBG8mzvguL8K7CSorCOL1GowQqYM
        """;

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void The_hash_is_that_of_the_signature_whatever_its_padding(string hash)
    {
        using var key = RSA.Create(2048);
        var name = new HashAlgorithmName(hash);
        foreach (var padding in new[] { RSASignaturePadding.Pkcs1, RSASignaturePadding.Pss })
        {
            using var certificate = Certificate(new("CN=test", key, name, padding));

            Assert.Equal(certificate.GetCertHash(name), ChannelBinding.Of(certificate));
        }
    }

    [Theory]
    [InlineData("SHA256")]
    [InlineData("SHA384")]
    [InlineData("SHA512")]
    public void So_it_is_with_elliptic_curves(string hash)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var name = new HashAlgorithmName(hash);
        using var certificate = Certificate(new("CN=test", key, name));

        Assert.Equal(certificate.GetCertHash(name), ChannelBinding.Of(certificate));
    }

    [Fact]
    public void A_certificate_whose_signature_has_no_hash_binds_nothing()
    {
        using var certificate = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(SignedWithEd25519));

        Assert.Null(ChannelBinding.Of(certificate));
    }

    private static X509Certificate2 Certificate(CertificateRequest request) =>
        request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
}
