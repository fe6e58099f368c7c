using System.Collections.Immutable;
using Broker.PgWire.Authentication;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.PgWire.Logins;

/// <summary>
/// Logs in to a server, from the startup message to the first ReadyForQuery: says what to send for each message that comes. Pure.
/// Afterwards it knows what the session begins with: settings, key, version.
/// </summary>
public sealed class ServerLogin
{
    private readonly StartupMessage _startup;
    private readonly Credential _credential;
    private readonly byte[]? _binding;
    private readonly Dictionary<WireText, WireText> _settings = [];
    private ScramClient? _scram;
    private bool _serverIsProven;
    private bool _accepted;

    /// <summary>Begins one.</summary>
    /// <param name="startup">What is asked for; its `user` is who logs in.</param>
    /// <param name="credential">What is proven with.</param>
    /// <param name="binding">
    /// The data of <see cref="ChannelBinding"/>, of the certificate that the server showed; null without TLS, or where it has none.
    /// </param>
    public ServerLogin(StartupMessage startup, Credential credential, byte[]? binding = null) =>
        (_startup, _credential, _binding, Version) = (startup, credential, binding, startup.Version);

    /// <summary>What both sides speak.</summary>
    public ProtocolVersion Version { get; private set; }

    /// <summary>The `_pq_.` options that the server does not know.</summary>
    public ImmutableArray<WireText> UnknownOptions { get; private set; } = [];

    /// <summary>What a cancel request must show; null when the server gave none: then there is no cancelling.</summary>
    public BackendKeyData? Key { get; private set; }

    /// <summary>The settings that the server reports, as they are at the beginning.</summary>
    public IReadOnlyDictionary<WireText, WireText> Settings => _settings;

    /// <summary>Whether the session has begun.</summary>
    public bool IsReady { get; private set; }

    /// <summary>What is sent first.</summary>
    public IWireMessage First() => _startup;

    /// <summary>Hears a message of the server.</summary>
    /// <param name="message">The message.</param>
    /// <param name="failed">Why we are not let in; null when it goes on, or <see cref="IsReady"/>.</param>
    /// <returns>What to send; null for nothing.</returns>
    public IFrontendMessage? Next(IBackendMessage message, out LoginFailed? failed)
    {
        failed = null;
        switch (message)
        {
            case ErrorResponse refused:
                return Fail($"the server refused: {refused.Text}", out failed, refused);
            case NoticeResponse:
                return null;
            case NegotiateProtocolVersion older when !_accepted:
                return Negotiate(older, out failed);
            case AuthenticationOk when _scram is not null && !_serverIsProven:
                return Fail("the server let us in without having shown that it knows the password", out failed);
            case AuthenticationOk:
                _accepted = true;
                return null;
            case ParameterStatus status:
                _settings[status.Name] = status.Value;
                return null;
            case BackendKeyData key when _accepted:
                Key = key;
                return null;
            case ReadyForQuery when _accepted:
                IsReady = true;
                return null;
            case var _ when !_accepted:
                return Prove(message, out failed);
            default:
                return Fail($"the server sent {message.GetType().Name} while a session began", out failed);
        }
    }

    private IFrontendMessage? Prove(IBackendMessage message, out LoginFailed? failed)
    {
        failed = null;
        switch (message, _credential)
        {
            case (AuthenticationCleartextPassword, Credential.Password password):
                return new PasswordMessage(WireText.Of(password.Text));
            case (AuthenticationMD5Password md5, Credential.Password password):
                return Answer(Md5Password.Keep(_startup["user"u8].ToString() ?? "", password.Text), md5);
            case (AuthenticationMD5Password md5, Credential.Md5 kept):
                return Answer(kept.Kept, md5);
            case (AuthenticationSASL offer, Credential.Password or Credential.Keys):
                return Begin([.. offer.Mechanisms.Select(static mechanism => mechanism.ToString())], out failed);
            case (AuthenticationSASLContinue first, _) when _scram is not null:
                var final = _scram.Final(first.Data.Span, out var refused);
                return refused is null ? new SASLResponse(final) : Fail(refused.Text, out failed);
            case (AuthenticationSASLFinal last, _) when _scram is not null:
                if (_scram.Verify(last.Data.Span) is { } unproven)
                    return Fail(unproven.Text, out failed);
                _serverIsProven = true;
                return null;
            case (AuthenticationGSS or AuthenticationSSPI or AuthenticationKerberosV5, _):
                return FailWithoutProof($"the server wants {message.GetType().Name["Authentication".Length..]}, which is not supported",
                    out failed);
            case (AuthenticationCleartextPassword or AuthenticationMD5Password or AuthenticationSASL, _):
                return FailWithoutProof(
                    $"the server wants {message.GetType().Name["Authentication".Length..]}, and there is "
                    + (_credential is Credential.Nothing ? "no password" : "only what serves for another method"), out failed);
            default:
                return Fail($"the server sent {message.GetType().Name} while a session began", out failed);
        }
    }

    private IFrontendMessage? Begin(ImmutableArray<string> offered, out LoginFailed? failed)
    {
        failed = null;
        if (!offered.Contains(ScramServer.Mechanism) && !(offered.Contains(ScramServer.MechanismPlus) && _binding is not null))
            return FailWithoutProof($"the server offers {string.Join(", ", offered)}, and only {ScramServer.Mechanism} is known",
                out failed);
        _scram = _credential is Credential.Keys keys
            ? new(keys.Scram, offered, _binding)
            : new(((Credential.Password)_credential).Text, offered, _binding);
        return new SASLInitialResponse(WireText.Of(_scram.Mechanism), _scram.First());
    }

    private IFrontendMessage? Negotiate(NegotiateProtocolVersion older, out LoginFailed? failed)
    {
        failed = null;
        // PostgreSQL sends the whole number where the manual speaks of the minor version
        var minor = older.NewestMinor > short.MaxValue
            ? ProtocolVersion.Of(older.NewestMinor)
            : new(Version.Major, (short)older.NewestMinor);
        if (minor.Major != Version.Major || minor > Version)
            return Fail($"the server offers protocol {minor} to one who asked for {Version}", out failed);
        (Version, UnknownOptions) = (minor, older.UnknownOptions);
        return null;
    }

    private static PasswordMessage Answer(string kept, AuthenticationMD5Password asked) =>
        new(WireText.Of(Md5Password.Answer(kept, asked.Salt.Span)));

    private static IFrontendMessage? FailWithoutProof(string text, out LoginFailed? failed)
    {
        failed = new(text) { HasNoProof = true };
        return null;
    }

    private static IFrontendMessage? Fail(string text, out LoginFailed? failed, ErrorResponse? report = null)
    {
        failed = new(text, report);
        return null;
    }
}
