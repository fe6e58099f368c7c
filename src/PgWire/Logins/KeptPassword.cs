using System.Security.Cryptography;
using System.Text;
using Broker.PgWire.Authentication;

namespace Broker.PgWire.Logins;

/// <summary>
/// What is kept of a user's password: in clear, by MD5, or as a SCRAM verifier, told apart by their forms as PostgreSQL does. It does not
/// print.
/// </summary>
public sealed class KeptPassword
{
    private readonly string _user;
    private readonly string _text;

    /// <summary>Keeps it.</summary>
    /// <param name="user">Whose.</param>
    /// <param name="text">The password, <c>md5...</c>, or <c>SCRAM-SHA-256$...</c>.</param>
    public KeptPassword(string user, string text) => (_user, _text, Verifier) = (user, text, ScramVerifier.Parse(text));

    /// <summary>The verifier, when that is what is kept.</summary>
    public ScramVerifier? Verifier { get; }

    /// <summary>Whether it is kept by MD5.</summary>
    public bool IsMd5 => Md5Password.IsKept(_text);

    /// <summary>Whether the password itself is kept.</summary>
    public bool IsClear => Verifier is null && !IsMd5;

    /// <summary>Whether a password is the one.</summary>
    public bool Fits(string password) => Verifier is { } verifier
        ? verifier.Fits(password)
        : CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(IsMd5 ? Md5Password.Keep(_user, password) : password), Encoding.UTF8.GetBytes(_text));

    /// <summary>What to ask an MD5 answer against; null for a verifier, from which no other form can be made.</summary>
    public string? ForMd5() => Verifier is not null ? null : IsMd5 ? _text : Md5Password.Keep(_user, _text);

    /// <summary>What to ask SCRAM against; null for MD5, from which no other form can be made.</summary>
    public ScramVerifier? ForScram() => Verifier ?? (IsMd5 ? null : ScramVerifier.Of(_text, RandomNumberGenerator.GetBytes(16), 4096));

    /// <summary>What logs in onward with it; none for a verifier.</summary>
    public Credential ForLogin() => Verifier is not null ? Credential.None : IsMd5 ? Credential.OfMd5(_text) : Credential.OfPassword(_text);

    /// <inheritdoc/>
    public override string ToString() => nameof(KeptPassword);
}
