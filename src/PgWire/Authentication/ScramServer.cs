using System.Security.Cryptography;
using System.Text;

namespace Broker.PgWire.Authentication;

/// <summary>
/// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, one exchange. A client that succeeds has shown its key, which is kept so that
/// the same identity can log in elsewhere (<see cref="Keys"/>).
/// </summary>
public sealed class ScramServer
{
    /// <summary>The mechanism without binding.</summary>
    public const string Mechanism = "SCRAM-SHA-256";

    /// <summary>The mechanism with binding, offered first where there is TLS.</summary>
    public const string MechanismPlus = "SCRAM-SHA-256-PLUS";

    private readonly ScramVerifier _verifier;
    private readonly byte[]? _binding;
    private readonly string _ownNonce;
    private string _gs2Header = "";
    private string _nonce = "";
    private string _clientFirstBare = "";
    private string _serverFirst = "";
    private bool _bound;

    /// <summary>Begins an exchange.</summary>
    /// <param name="verifier">Of the user; <see cref="ScramVerifier.OfNobody"/> for one that does not exist.</param>
    /// <param name="binding">The data of <see cref="ChannelBinding"/>; null without TLS, or where the certificate has none.</param>
    /// <param name="nonce">For tests; else random.</param>
    public ScramServer(ScramVerifier verifier, byte[]? binding = null, string? nonce = null) =>
        (_verifier, _binding, _ownNonce) = (verifier, binding, nonce ?? Scram.NewNonce());

    /// <summary>What is offered to the client.</summary>
    public static IReadOnlyList<string> Offered(bool withBinding) => withBinding ? [MechanismPlus, Mechanism] : [Mechanism];

    /// <summary>The keys of the client, once it has succeeded.</summary>
    public ScramKeys? Keys { get; private set; }

    /// <summary>Reads the client's first message.</summary>
    /// <param name="mechanism">Which the client has chosen.</param>
    /// <param name="message">What it said.</param>
    /// <param name="refused">Why it ends here; null when it goes on.</param>
    /// <returns>What to answer with AuthenticationSASLContinue.</returns>
    public byte[] First(string mechanism, ReadOnlySpan<byte> message, out ProofRefused? refused)
    {
        refused = ReadFirst(mechanism, Scram.Text(message));
        if (refused is not null)
            return [];
        _serverFirst = $"r={_nonce},s={Convert.ToBase64String(_verifier.Salt.AsSpan())},i={_verifier.Iterations}";
        return Encoding.UTF8.GetBytes(_serverFirst);
    }

    /// <summary>Reads the client's last message.</summary>
    /// <param name="message">What it said.</param>
    /// <param name="refused">Why the client is refused; null when it has proved who it is.</param>
    /// <returns>What to answer with AuthenticationSASLFinal.</returns>
    public byte[] Final(ReadOnlySpan<byte> message, out ProofRefused? refused)
    {
        var text = Scram.Text(message);
        if (text is null || text.LastIndexOf(",p=", StringComparison.Ordinal) is var proofAt && proofAt < 0)
            return Refuse(ProofRefusal.Malformed, "the client's last message has no proof", out refused);
        var withoutProof = text[..proofAt];
        var fields = withoutProof.Split(',');
        if (fields.Length < 2
            || Scram.Base64(Scram.Field(fields[0], 'c')) is not { } binding
            || Scram.Field(fields[1], 'r') is not { } nonce
            || Scram.Base64(text[(proofAt + 3)..]) is not { Length: Scram.HashLength } proof)
            return Refuse(ProofRefusal.Malformed, "the client's last message is not of the form c=,r=,p=", out refused);
        byte[] expected = [.. Encoding.UTF8.GetBytes(_gs2Header), .. _bound ? _binding! : []];
        if (!CryptographicOperations.FixedTimeEquals(binding, expected))
            return Refuse(ProofRefusal.ChannelBinding, "the client is bound to another connection than this one", out refused);
        if (nonce != _nonce)
            return Refuse(ProofRefusal.Malformed, "the nonce of the client's last message is not that of the exchange", out refused);

        var authMessage = $"{_clientFirstBare},{_serverFirst},{withoutProof}";
        var clientKey = Scram.Xor(proof, Scram.Sign(_verifier.StoredKey, authMessage));
        if (!CryptographicOperations.FixedTimeEquals(Scram.StoredKey(clientKey), _verifier.StoredKey))
            return Refuse(ProofRefusal.WrongPassword, "the client does not know the password", out refused);
        Keys = new(clientKey, _verifier.ServerKey);
        refused = null;
        return Encoding.UTF8.GetBytes($"v={Convert.ToBase64String(Scram.Sign(_verifier.ServerKey, authMessage))}");
    }

    private static byte[] Refuse(ProofRefusal kind, string text, out ProofRefused? refused)
    {
        refused = new(kind, text);
        return [];
    }

    // gs2-cbind-flag "," [authzid] "," "n=" user ",r=" nonce
    private ProofRefused? ReadFirst(string mechanism, string? text)
    {
        var plus = mechanism == MechanismPlus;
        if (!plus && mechanism != Mechanism)
            return new(ProofRefusal.Malformed, $"mechanism {mechanism} was not offered");
        if (plus && _binding is null)
            return new(ProofRefusal.ChannelBinding, $"{MechanismPlus} needs TLS");
        if (text?.Split(',', 3) is not [var flag, var identity, var bare])
            return new(ProofRefusal.Malformed, "the client's first message is not of SCRAM");
        if (Bound(plus, flag) is { } refused)
            return refused;
        if (identity.Length > 0)
            return new(ProofRefusal.Malformed, "another identity for authorization is not supported");
        var fields = bare.Split(',');
        if (Scram.Field(fields[0], 'm') is not null)
            return new(ProofRefusal.Malformed, "a mandatory extension is asked for, and none is known");
        if (fields.Length < 2
            || Scram.Field(fields[0], 'n') is null
            || Scram.Field(fields[1], 'r') is not { } nonce
            || !Scram.IsNonce(nonce))
            return new(ProofRefusal.Malformed, "the client's first message is not of the form n=,r=");
        (_gs2Header, _clientFirstBare, _nonce, _bound) = ($"{flag},{identity},", bare, nonce + _ownNonce, plus);
        return null;
    }

    private ProofRefused? Bound(bool plus, string flag) => (plus, flag) switch
    {
        (true, $"p={ChannelBinding.Kind}") => null,
        (true, _) => new(ProofRefusal.ChannelBinding, $"{MechanismPlus} needs the binding {ChannelBinding.Kind}"),
        (false, "n") => null,
        // A client that could bind and was not offered it: what it was offered was changed on the way, if we did offer it.
        (false, "y") when _binding is null => null,
        (false, "y") => new(ProofRefusal.ChannelBinding, $"the client thinks that {MechanismPlus} was not offered, and it was"),
        (false, _) => new(ProofRefusal.Malformed, $"{Mechanism} knows no binding"),
    };
}
