using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Access;

/// <summary>
/// What is kept of the password of a user that does not exist: as if it were one of those that do. It has the form of a known user's,
/// chosen by its name and always the same one, and nobody knows its password. What is done with a known user's is then done with it, and
/// takes as long; what a client sees of it tells no name apart, although some users' passwords are kept in clear and others as verifiers.
/// It does not print.
/// </summary>
internal sealed class Likenesses
{
    private readonly ImmutableArray<KeptPassword> _known;
    private readonly byte[] _secret;

    /// <summary>Of these passwords; of a verifier with PostgreSQL's iterations when there is none.</summary>
    /// <param name="known">In an order that does not change while the users do not.</param>
    /// <param name="secret">Known to nobody else, and kept as long as names shall not be told apart: at least as long as the
    /// process.</param>
    internal Likenesses(ImmutableArray<KeptPassword> known, byte[] secret) => (_known, _secret) = (known, secret);

    /// <summary>A password for a user that has none.</summary>
    internal KeptPassword Of(string user)
    {
        var name = Encoding.UTF8.GetBytes(user);
        if (_known.IsEmpty)
            return Verifier(user, name, null);
        // a salt is the hash of the name alone; this must be another
        byte[] choice = [.. "likeness\0"u8, .. name];
        var chosen = _known[(int)(BinaryPrimitives.ReadUInt32LittleEndian(HMACSHA256.HashData(_secret, choice)) % (uint)_known.Length)];
        var random = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        return chosen.Verifier is { } verifier ? Verifier(user, name, verifier) : new(user, chosen.IsMd5 ? $"md5{random}" : random);
    }

    /// <summary>A verifier that no password fits, for a user whose own cannot be asked for.</summary>
    internal ScramVerifier VerifierOf(string user) => ScramVerifier.OfNobody(Encoding.UTF8.GetBytes(user), _secret);

    private KeptPassword Verifier(string user, byte[] name, ScramVerifier? like) =>
        new(user, (like is null ? ScramVerifier.OfNobody(name, _secret) : ScramVerifier.OfNobody(name, _secret, like.Iterations)).Format());
}
