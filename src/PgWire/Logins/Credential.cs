using Broker.PgWire.Authentication;

namespace Broker.PgWire.Logins;

/// <summary>What we prove with, to a server, that we are the user. It does not print.</summary>
public abstract class Credential
{
    private Credential()
    {
    }

    /// <summary>Nothing: the server must trust us, or know us by a certificate or by our process.</summary>
    public static Credential None { get; } = new Nothing();

    /// <summary>A password, which serves for every method.</summary>
    public static Credential OfPassword(string password) => new Password(password);

    /// <summary>Keys that a client has shown: for SCRAM-SHA-256 with the same verifier.</summary>
    public static Credential OfKeys(ScramKeys keys) => new Keys(keys);

    /// <summary>What a server keeps of an MD5 password: enough for MD5.</summary>
    public static Credential OfMd5(string kept) => new Md5(kept);

    /// <inheritdoc/>
    public sealed override string ToString() => nameof(Credential);

    internal sealed class Nothing : Credential;

    internal sealed class Password(string text) : Credential
    {
        internal string Text => text;
    }

    internal sealed class Keys(ScramKeys keys) : Credential
    {
        internal ScramKeys Scram => keys;
    }

    internal sealed class Md5(string kept) : Credential
    {
        internal string Kept => kept;
    }
}
