using Broker.PgWire.Authentication;

namespace Broker.PgWire.Logins;

/// <summary>How a client is to prove who it is, and against what. It does not print.</summary>
public abstract class ClientProof
{
    private ClientProof()
    {
    }

    /// <summary>It need not: it is trusted, or was known by its certificate or its process.</summary>
    public static ClientProof Trust { get; } = new NoProof();

    /// <summary>It shall send its password in clear, which is compared with what is kept.</summary>
    public static ClientProof Cleartext(KeptPassword kept) => new InClear(kept);

    /// <summary>It shall send its password hashed with MD5.</summary>
    /// <param name="kept">What <see cref="Md5Password.Keep"/> gives.</param>
    public static ClientProof Md5(string kept) => new ByMd5(kept);

    /// <summary>It shall prove that it knows its password by SCRAM-SHA-256.</summary>
    /// <param name="verifier">Of its password; <see cref="ScramVerifier.OfNobody"/> for a user that does not exist.</param>
    /// <param name="binding">
    /// The data of <see cref="ChannelBinding"/>, of our certificate; null without TLS, or where the certificate has none.
    /// </param>
    public static ClientProof Scram(ScramVerifier verifier, byte[]? binding = null) => new ByScram(verifier, binding);

    /// <inheritdoc/>
    public sealed override string ToString() => nameof(ClientProof);

    internal sealed class NoProof : ClientProof;

    internal sealed class InClear(KeptPassword kept) : ClientProof
    {
        internal KeptPassword Kept => kept;
    }

    internal sealed class ByMd5(string kept) : ClientProof
    {
        internal string Kept => kept;
    }

    internal sealed class ByScram(ScramVerifier verifier, byte[]? binding) : ClientProof
    {
        internal ScramVerifier Verifier => verifier;

        internal byte[]? Binding => binding;
    }
}
