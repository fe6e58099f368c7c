using System.Security.Cryptography;
using Broker.PgWire.Authentication;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;

namespace Broker.PgWire.Logins;

/// <summary>Has a client prove who it is: says what to send, and what it makes of each response. Pure.</summary>
public sealed class ClientLogin
{
    private const int SaltLength = 4;

    private readonly ClientProof _proof;
    private readonly byte[] _salt = RandomNumberGenerator.GetBytes(SaltLength);
    private readonly ScramServer? _scram;

    /// <summary>Begins one.</summary>
    public ClientLogin(ClientProof proof)
    {
        _proof = proof;
        _scram = proof is ClientProof.ByScram scram ? new(scram.Verifier, scram.Binding) : null;
    }

    /// <summary>What the next response is.</summary>
    public AwaitedResponse Awaited { get; private set; }

    /// <summary>Whether the client has proved who it is.</summary>
    public bool IsProven { get; private set; }

    /// <summary>What it has shown, with which the same identity can log in elsewhere; null when it showed nothing.</summary>
    public Credential? Shown { get; private set; }

    /// <summary>What is sent first. Without a proof that is all.</summary>
    public IBackendMessage First()
    {
        switch (_proof)
        {
            case ClientProof.InClear:
                Awaited = AwaitedResponse.Password;
                return AuthenticationCleartextPassword.Instance;
            case ClientProof.ByMd5:
                Awaited = AwaitedResponse.Password;
                return new AuthenticationMD5Password(_salt);
            case ClientProof.ByScram scram:
                Awaited = AwaitedResponse.SaslInitial;
                return new AuthenticationSASL([.. ScramServer.Offered(scram.Binding is not null).Select(WireText.Of)]);
            default:
                IsProven = true;
                return AuthenticationOk.Instance;
        }
    }

    /// <summary>Hears a response. One refusal ends it: no second guess is heard.</summary>
    /// <param name="response">One of the kind that is <see cref="Awaited"/>.</param>
    /// <param name="refused">Why the client is refused; null when it goes on, or <see cref="IsProven"/>.</param>
    /// <returns>What to send, in order.</returns>
    public IReadOnlyList<IBackendMessage> Next(IFrontendMessage response, out ProofRefused? refused)
    {
        var answers = Hear(response, out refused);
        if (refused is not null)
            Awaited = AwaitedResponse.None;
        return answers;
    }

    private IReadOnlyList<IBackendMessage> Hear(IFrontendMessage response, out ProofRefused? refused)
    {
        refused = null;
        switch (IsAwaited(response) ? response : null, _proof)
        {
            case (PasswordMessage password, ClientProof.InClear { Kept: var kept }):
                var text = password.Password.ToString();
                return kept.Fits(text) ? Prove(Credential.OfPassword(text)) : Refuse(out refused);
            case (PasswordMessage password, ClientProof.ByMd5 { Kept: var kept }):
                return Md5Password.Fits(password.Password.Bytes.Span, kept, _salt) ? Prove(Credential.OfMd5(kept)) : Refuse(out refused);
            case (SASLInitialResponse initial, ClientProof.ByScram):
                var first = _scram!.First(initial.Mechanism.ToString(), initial.Data.GetValueOrDefault().Span, out refused);
                Awaited = AwaitedResponse.Sasl;
                return refused is null ? [new AuthenticationSASLContinue(first)] : [];
            case (SASLResponse final, ClientProof.ByScram):
                var last = _scram!.Final(final.Data.Span, out refused);
                return refused is null ? [new AuthenticationSASLFinal(last), .. Prove(Credential.OfKeys(_scram.Keys!))] : [];
            default:
                refused = new(ProofRefusal.Malformed, $"{response.GetType().Name} answers nothing that was asked");
                return [];
        }
    }

    private bool IsAwaited(IFrontendMessage response) => response switch
    {
        PasswordMessage => Awaited is AwaitedResponse.Password,
        SASLInitialResponse => Awaited is AwaitedResponse.SaslInitial,
        SASLResponse => Awaited is AwaitedResponse.Sasl,
        _ => false,
    };

    private IReadOnlyList<IBackendMessage> Prove(Credential shown)
    {
        (IsProven, Shown, Awaited) = (true, shown, AwaitedResponse.None);
        return [AuthenticationOk.Instance];
    }

    private static IReadOnlyList<IBackendMessage> Refuse(out ProofRefused? refused)
    {
        refused = new(ProofRefusal.WrongPassword, "the password is another");
        return [];
    }
}
