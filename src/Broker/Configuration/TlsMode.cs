namespace Broker.Configuration;

/// <summary>How a connection is encrypted; in the configuration written as PostgreSQL does (<c>verify-full</c>).</summary>
public enum TlsMode
{
    /// <summary>Never.</summary>
    Disable,

    /// <summary>Only if the server insists.</summary>
    Allow,

    /// <summary>If the server can.</summary>
    Prefer,

    /// <summary>Always, without looking at the certificate.</summary>
    Require,

    /// <summary>Always, with a certificate signed by a trusted authority.</summary>
    VerifyCa,

    /// <summary>Always, and the certificate is made out to the host.</summary>
    VerifyFull,
}
