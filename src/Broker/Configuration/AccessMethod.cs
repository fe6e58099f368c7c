namespace Broker.Configuration;

/// <summary>
/// How a client of the gateway shows who it is; in the configuration and in access rules written as PostgreSQL does
/// (<c>scram-sha-256</c>).
/// </summary>
public enum AccessMethod
{
    /// <summary>It need not.</summary>
    Trust,

    /// <summary>It is not let in.</summary>
    Reject,

    /// <summary>It sends its password in clear.</summary>
    Password,

    /// <summary>It sends its password hashed with MD5, or proves it by SCRAM-SHA-256 where a SCRAM verifier is kept.</summary>
    Md5,

    /// <summary>It proves by SCRAM-SHA-256 that it knows its password.</summary>
    ScramSha256,

    /// <summary>It has shown, by TLS, a certificate that is made out to the user.</summary>
    Cert,

    /// <summary>Its process runs, on this machine, as the account of the user's name.</summary>
    Peer,
}
