using System.Collections.Immutable;
using Broker.Configuration;
using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Access;

/// <summary>
/// The users that may log in, with what is kept of their passwords: a file of PgBouncer's format, <c>"user" "password"</c> on each line,
/// a quote inside written twice, comments behind <c>;</c>. The password is the text itself, <c>md5...</c> or <c>SCRAM-SHA-256$...</c>. An
/// empty one makes a user that no password fits.
/// </summary>
internal sealed class UserList
{
    /// <summary>Longest name, in letters; a role of PostgreSQL has at most 63 bytes.</summary>
    internal const int LongestName = 128;

    /// <summary>Longest password, in letters.</summary>
    internal const int LongestPassword = 2048;

    private readonly ImmutableDictionary<string, KeptPassword> _users;

    private UserList(ImmutableDictionary<string, KeptPassword> users) => _users = users;

    /// <summary>Nobody.</summary>
    internal static UserList Empty { get; } = new(ImmutableDictionary.Create<string, KeptPassword>(StringComparer.Ordinal));

    /// <summary>What is kept of all the passwords, in the order of the users' names.</summary>
    internal ImmutableArray<KeptPassword> Passwords =>
        [.. _users.OrderBy(static user => user.Key, StringComparer.Ordinal).Select(static user => user.Value)];

    /// <summary>What is kept of a user's password; null for an unknown one and for one without a password.</summary>
    internal KeptPassword? Find(string user) => _users.GetValueOrDefault(user);

    /// <summary>These, and of others those that are not among them.</summary>
    internal UserList Over(UserList others) => new(others._users.SetItems(_users));

    /// <summary>The users of the configuration that have a password there. One that has several has none: nobody could say which.</summary>
    internal static UserList Of(IEnumerable<DatabaseSettings> databases) => new(databases
        .SelectMany(static database => database.Users.Values)
        .Select(static user => (user.Name, Password: user.Password.Current()?.Reveal()))
        .Where(static user => user.Password is { Length: > 0 })
        .GroupBy(static user => user.Name, StringComparer.Ordinal)
        .Where(static user => user.Select(static one => one.Password).Distinct(StringComparer.Ordinal).Count() == 1)
        .ToImmutableDictionary(static user => user.Key, static user => new KeptPassword(user.Key, user.First().Password!),
            StringComparer.Ordinal));

    /// <summary>Reads a file's text. A line with a problem is left out.</summary>
    internal static UserList Parse(string text, out ImmutableArray<LineProblem> problems)
    {
        var lines = text.TrimStart('\uFEFF').Split('\n');
        var found = ImmutableArray.CreateBuilder<LineProblem>();
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        var users = ImmutableDictionary.CreateBuilder<string, KeptPassword>(StringComparer.Ordinal);
        for (var number = 1; number <= lines.Length; number++)
        {
            var (entry, wrong) = Read(lines[number - 1].Trim());
            if (wrong is null && entry is var (name, _) && !first.TryAdd(name, number))
                wrong = $"the user \"{name}\" stands on line {first[name]} already";
            if (wrong is not null)
                found.Add(new(number, wrong));
            else if (entry is { Password.Length: > 0 } user)
                users.Add(user.Name, new KeptPassword(user.Name, user.Password));
        }
        problems = found.ToImmutable();
        return new(users.ToImmutable());
    }

    private static ((string Name, string Password)? Entry, string? Wrong) Read(string line)
    {
        if (line.Length == 0 || line[0] == ';')
            return (null, null);
        if (Quoted(line, out var behindName) is not { } name)
            return (null, "a name in quotes is expected: \"user\" \"password\"");
        if (Quoted(behindName.TrimStart(), out var rest) is not { } password)
            return (null, "a password in quotes is expected behind the name: \"user\" \"password\"");
        if (rest.TrimStart() is not ("" or [';', ..]))
            return (null, "nothing but a comment may stand behind the password (a quote inside it is written twice)");
        return ((name, password), Wrong(name, password));
    }

    private static string? Wrong(string name, string password) =>
        name.Length is 0 or > LongestName ? $"allowed is a name of 1 to {LongestName} letters"
        : password.Length > LongestPassword ? $"allowed is a password of up to {LongestPassword} letters"
        : name.AsSpan().Contains('\0') || password.AsSpan().Contains('\0') ? "a NUL is in no name and no password"
        : password.StartsWith("SCRAM-SHA-256$", StringComparison.Ordinal) && ScramVerifier.Parse(password) is null
            ? "what begins with SCRAM-SHA-256$ must be a verifier: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey"
        : IsNearlyMd5(password) ? "what is md5 and 32 digits must have its hexadecimal digits in lower case"
        : null;

    // taken for a password in clear, it would let in whoever knows the hash
    private static bool IsNearlyMd5(string password) => !Md5Password.IsKept(password) && Md5Password.IsKept(password.ToLowerInvariant());

    private static string? Quoted(string text, out string rest)
    {
        rest = "";
        if (!text.StartsWith('"'))
            return null;
        for (var end = text.IndexOf('"', 1); end > 0; end = text.IndexOf('"', end + 2))
        {
            if (end + 1 < text.Length && text[end + 1] == '"')
            {
                if (end + 2 >= text.Length)
                    return null;
                continue;
            }
            rest = text[(end + 1)..];
            return text[1..end].Replace("\"\"", "\"", StringComparison.Ordinal);
        }
        return null;
    }
}
