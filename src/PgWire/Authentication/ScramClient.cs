using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Broker.PgWire.Authentication;

/// <summary>
/// The client's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, one exchange, with a password or with keys that a client has shown before.
/// </summary>
public sealed class ScramClient
{
    /// <summary>More iterations than this are refused, so that a false server cannot keep us busy.</summary>
    public const int MostIterations = 1_000_000;

    private readonly Func<byte[], int, ScramKeys> _keys;
    private readonly byte[]? _binding;
    private readonly string _gs2Header;
    private readonly string _firstBare;
    private readonly string _ownNonce;
    private byte[] _expectedSignature = [];

    /// <summary>Begins an exchange.</summary>
    /// <param name="password">Of the user.</param>
    /// <param name="offered">The mechanisms that the server offered.</param>
    /// <param name="binding">
    /// The data of <see cref="ChannelBinding"/>, of the certificate that the server showed; null without TLS, or where it has none.
    /// </param>
    /// <param name="nonce">For tests; else random.</param>
    public ScramClient(string password, IReadOnlyList<string> offered, byte[]? binding = null, string? nonce = null)
        : this((salt, iterations) => ScramKeys.Of(password, salt, iterations), offered, binding, nonce)
    {
    }

    /// <summary>
    /// The same with keys. They fit one salt and number of iterations only: for another the server will say that the password is wrong.
    /// </summary>
    public ScramClient(ScramKeys keys, IReadOnlyList<string> offered, byte[]? binding = null, string? nonce = null)
        : this((_, _) => keys, offered, binding, nonce)
    {
    }

    private ScramClient(Func<byte[], int, ScramKeys> keys, IReadOnlyList<string> offered, byte[]? binding, string? nonce)
    {
        var plus = binding is not null && offered.Contains(ScramServer.MechanismPlus);
        (_keys, _binding, _ownNonce) = (keys, plus ? binding : null, nonce ?? Scram.NewNonce());
        Mechanism = plus ? ScramServer.MechanismPlus : ScramServer.Mechanism;
        _gs2Header = plus ? $"p={ChannelBinding.Kind},," : binding is not null ? "y,," : "n,,";
        // the name is that of the startup packet; PostgreSQL does not look at this one
        _firstBare = $"n=,r={_ownNonce}";
    }

    /// <summary>The mechanism that is chosen: with binding where both sides can.</summary>
    public string Mechanism { get; }

    /// <summary>What to send with SASLInitialResponse.</summary>
    public byte[] First() => Encoding.UTF8.GetBytes(_gs2Header + _firstBare);

    /// <summary>Reads AuthenticationSASLContinue.</summary>
    /// <param name="message">What the server said.</param>
    /// <param name="refused">Why it ends here; null when it goes on.</param>
    /// <returns>What to send with SASLResponse.</returns>
    public byte[] Final(ReadOnlySpan<byte> message, out ProofRefused? refused)
    {
        var serverFirst = Scram.Text(message);
        if (serverFirst?.Split(',') is not [var nonceField, var saltField, var iterationField, ..]
            || Scram.Field(nonceField, 'r') is not { } nonce || !Scram.IsNonce(nonce)
            || Scram.Base64(Scram.Field(saltField, 's')) is not { Length: > 0 } salt
            || !int.TryParse(Scram.Field(iterationField, 'i'), NumberStyles.None, CultureInfo.InvariantCulture, out var iterations)
                || iterations < 1)
            return Refuse("the server's first message is not of the form r=,s=,i=", out refused);
        if (!nonce.StartsWith(_ownNonce, StringComparison.Ordinal) || nonce.Length == _ownNonce.Length)
            return Refuse("the server's nonce does not continue ours", out refused);
        if (iterations > MostIterations)
            return Refuse($"the server wants {iterations} iterations; at most {MostIterations} are done", out refused);
        var keys = _keys(salt, iterations);
        byte[] binding = [.. Encoding.UTF8.GetBytes(_gs2Header), .. _binding ?? []];
        var withoutProof = $"c={Convert.ToBase64String(binding)},r={nonce}";
        var authMessage = $"{_firstBare},{serverFirst},{withoutProof}";
        _expectedSignature = Scram.Sign(keys.ServerKey, authMessage);
        var proof = Scram.Xor(keys.ClientKey, Scram.Sign(Scram.StoredKey(keys.ClientKey), authMessage));
        refused = null;
        return Encoding.UTF8.GetBytes($"{withoutProof},p={Convert.ToBase64String(proof)}");
    }

    /// <summary>Reads AuthenticationSASLFinal: only a server that knows the password can have signed it.</summary>
    /// <returns>Why the server is not the one; null when it is.</returns>
    public ProofRefused? Verify(ReadOnlySpan<byte> message)
    {
        var text = Scram.Text(message)?.Split(',')[0];
        if (text is not null && Scram.Field(text, 'e') is { } error)
            return new(ProofRefusal.WrongPassword, $"the server says {error}");
        if (_expectedSignature.Length == 0 || Scram.Base64(text is null ? null : Scram.Field(text, 'v')) is not { } signature)
            return new(ProofRefusal.Malformed, "the server's last message is not of the form v=");
        return CryptographicOperations.FixedTimeEquals(signature, _expectedSignature)
            ? null
            : new(ProofRefusal.WrongPassword, "the server does not know the password either");
    }

    private static byte[] Refuse(string text, out ProofRefused? refused)
    {
        refused = new(ProofRefusal.Malformed, text);
        return [];
    }
}
