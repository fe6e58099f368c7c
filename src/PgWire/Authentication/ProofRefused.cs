namespace Broker.PgWire.Authentication;

/// <summary>Why a proof of identity has failed.</summary>
/// <param name="Kind">What failed.</param>
/// <param name="Text">The same in words.</param>
public sealed record ProofRefused(ProofRefusal Kind, string Text);

/// <summary>What can fail in a proof of identity.</summary>
public enum ProofRefusal
{
    /// <summary>A message is not of the method, or says what the exchange before does not allow: SQLSTATE 08P01.</summary>
    Malformed,

    /// <summary>The peer does not know the password: SQLSTATE 28P01.</summary>
    WrongPassword,

    /// <summary>The binding to the TLS connection is missing or another: somebody may sit between.</summary>
    ChannelBinding,
}
