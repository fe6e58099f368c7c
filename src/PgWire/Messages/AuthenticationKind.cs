namespace Broker.PgWire.Messages;

/// <summary>The first field of the Authentication messages.</summary>
public enum AuthenticationKind
{
    /// <summary>AuthenticationOk.</summary>
    Ok = 0,

    /// <summary>AuthenticationKerberosV5.</summary>
    KerberosV5 = 2,

    /// <summary>AuthenticationCleartextPassword.</summary>
    CleartextPassword = 3,

    /// <summary>AuthenticationMD5Password.</summary>
    MD5Password = 5,

    /// <summary>AuthenticationGSS.</summary>
    GSS = 7,

    /// <summary>AuthenticationGSSContinue.</summary>
    GSSContinue = 8,

    /// <summary>AuthenticationSSPI.</summary>
    SSPI = 9,

    /// <summary>AuthenticationSASL.</summary>
    SASL = 10,

    /// <summary>AuthenticationSASLContinue.</summary>
    SASLContinue = 11,

    /// <summary>AuthenticationSASLFinal.</summary>
    SASLFinal = 12,
}
