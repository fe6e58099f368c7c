namespace Broker.PgWire.Authentication;

/// <summary>
/// What SCRAM-SHA-256 needs of a password on both sides. Whoever has it can log in as the user and pose as the server, to whom the verifier
/// belongs, so it is kept in memory only and does not print.
/// </summary>
public sealed class ScramKeys
{
    internal ScramKeys(byte[] clientKey, byte[] serverKey) => (ClientKey, ServerKey) = (clientKey, serverKey);

    internal byte[] ClientKey { get; }

    internal byte[] ServerKey { get; }

    /// <summary>The keys of a password for one salt and number of iterations.</summary>
    public static ScramKeys Of(string password, ReadOnlySpan<byte> salt, int iterations)
    {
        var salted = Scram.SaltedPassword(password, salt, iterations);
        return new(Scram.ClientKey(salted), Scram.ServerKey(salted));
    }

    /// <inheritdoc/>
    public override string ToString() => nameof(ScramKeys);
}
