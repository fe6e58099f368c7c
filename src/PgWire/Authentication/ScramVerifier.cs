using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;

namespace Broker.PgWire.Authentication;

/// <summary>
/// What a server keeps of a password for SCRAM-SHA-256, in the form of <c>pg_authid.rolpassword</c>:
/// <c>SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey</c>. It proves a client and does not let one log in.
/// </summary>
public sealed class ScramVerifier
{
    private const string Prefix = "SCRAM-SHA-256$";

    private ScramVerifier(int iterations, ImmutableArray<byte> salt, byte[] storedKey, byte[] serverKey) =>
        (Iterations, Salt, StoredKey, ServerKey) = (iterations, salt, storedKey, serverKey);

    /// <summary>How often the password is hashed; 4,096 by PostgreSQL's default.</summary>
    public int Iterations { get; }

    /// <summary>Public: it is told to whoever begins to log in.</summary>
    public ImmutableArray<byte> Salt { get; }

    internal byte[] StoredKey { get; }

    internal byte[] ServerKey { get; }

    /// <summary>The verifier of a password.</summary>
    public static ScramVerifier Of(string password, ReadOnlySpan<byte> salt, int iterations)
    {
        var keys = ScramKeys.Of(password, salt, iterations);
        return new(iterations, [.. salt], Scram.StoredKey(keys.ClientKey), keys.ServerKey);
    }

    /// <summary>
    /// A verifier that nobody's password fits, for a user that does not exist: always the same for the same name, as that of a real user
    /// would be, so that names cannot be tried out (mock authentication of RFC 5802's implementation in PostgreSQL).
    /// </summary>
    /// <param name="user">The name that was given.</param>
    /// <param name="secret">Known to nobody else, and kept as long as names shall not be told apart.</param>
    /// <param name="iterations">As the verifiers of the others have them.</param>
    public static ScramVerifier OfNobody(ReadOnlySpan<byte> user, ReadOnlySpan<byte> secret, int iterations = 4096)
    {
        var salt = HMACSHA256.HashData(secret, user)[..16];
        return new(iterations, [.. salt], RandomNumberGenerator.GetBytes(Scram.HashLength),
            RandomNumberGenerator.GetBytes(Scram.HashLength));
    }

    /// <summary>Reads a verifier; null when the text is none.</summary>
    public static ScramVerifier? Parse(string text)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || text[Prefix.Length..].Split('$') is not [var how, var keys]
            || how.Split(':') is not [var iterations, var salt]
            || keys.Split(':') is not [var storedKey, var serverKey]
            || !int.TryParse(iterations, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count < 1
            || Scram.Base64(salt) is not { Length: > 0 } saltBytes
            || Scram.Base64(storedKey) is not { Length: Scram.HashLength } stored
            || Scram.Base64(serverKey) is not { Length: Scram.HashLength } server)
            return null;
        return new(count, [.. saltBytes], stored, server);
    }

    /// <summary>Whether a password is the one.</summary>
    public bool Fits(string password)
    {
        var keys = ScramKeys.Of(password, Salt.AsSpan(), Iterations);
        return CryptographicOperations.FixedTimeEquals(keys.ServerKey, ServerKey);
    }

    /// <summary>Whether keys are those of the password.</summary>
    public bool Fits(ScramKeys keys) =>
        CryptographicOperations.FixedTimeEquals(Scram.StoredKey(keys.ClientKey),
            StoredKey) & CryptographicOperations.FixedTimeEquals(keys.ServerKey, ServerKey);

    /// <summary>The form of <c>pg_authid.rolpassword</c>.</summary>
    public string Format() => string.Create(CultureInfo.InvariantCulture,
        $"{Prefix}{Iterations}:{Convert.ToBase64String(Salt.AsSpan())}$"
            + $"{Convert.ToBase64String(StoredKey)}:{Convert.ToBase64String(ServerKey)}");

    /// <summary>Not its keys.</summary>
    public override string ToString() => nameof(ScramVerifier);
}
