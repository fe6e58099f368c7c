using System.Collections.Immutable;
using Broker.Configuration;

namespace Broker.Gateway.Access;

/// <summary>
/// Who may come in, by rules as PostgreSQL's <c>pg_hba.conf</c> has them, one on a line: <c>local database user method</c> or <c>host
/// database user address method</c>. The first that is for a client decides; one that no rule is for is refused. What the broker cannot
/// keep (groups, included files, regular expressions, options, names of hosts, methods of other systems) is refused when it is read, with
/// its line.
/// </summary>
internal sealed class AccessRules
{
    private const string NoMembers = " is not supported: the broker does not know who is a member of which role";
    private const string OrQuote = " (or put the name in quotes)";

    private readonly ImmutableArray<AccessRule> _rules;

    private AccessRules(ImmutableArray<AccessRule> rules) => _rules = rules;

    /// <summary>How many.</summary>
    internal int Count => _rules.Length;

    /// <summary>
    /// One method for everybody: what <c>broker.gateway.auth</c> says where there are no rules. A certificate needs TLS, and an account a
    /// Unix socket.
    /// </summary>
    internal static AccessRules Of(AccessMethod method) => new(
    [
        .. Kinds.Where(kind => kind != ConnectionKind.Host && NotFor(method, kind) is null)
            .Select(kind => new AccessRule(0, kind, NameSet.Every, NameSet.Every, new AddressSet.Any(), method)),
    ]);

    /// <summary>The first rule that is for a client; null when none is.</summary>
    internal AccessRule? Find(LoginAttempt attempt) => _rules.FirstOrDefault(rule => rule.IsFor(attempt));

    /// <summary>Whether a rule asks for a method.</summary>
    internal bool Use(AccessMethod method) => _rules.Any(rule => rule.Method == method);

    /// <summary>Reads a file's text.</summary>
    internal static AccessRules Parse(string text, out ImmutableArray<LineProblem> problems) =>
        Parse([.. text.TrimStart('\uFEFF').Split('\n')], out problems);

    /// <summary>
    /// Reads lines. One with a problem is left out, so that rules with problems must not be used: the next may let in more.
    /// </summary>
    internal static AccessRules Parse(ImmutableArray<string> lines, out ImmutableArray<LineProblem> problems)
    {
        var rules = ImmutableArray.CreateBuilder<AccessRule>();
        var found = ImmutableArray.CreateBuilder<LineProblem>();
        for (var number = 1; number <= lines.Length; number++)
        {
            var rule = Rule(number, lines[number - 1], out var wrong);
            if (wrong is not null)
                found.Add(new(number, wrong));
            else if (rule is not null)
                rules.Add(rule);
        }
        problems = found.ToImmutable();
        return new(rules.ToImmutable());
    }

    private static ConnectionKind[] Kinds => Enum.GetValues<ConnectionKind>();

    private static AccessRule? Rule(int number, string line, out string? wrong)
    {
        var fields = RuleFields.Of(line, out wrong);
        if (wrong is not null || fields.IsEmpty)
            return null;
        if (Kind(fields[0], out wrong) is not { } kind)
            return null;
        var form = kind == ConnectionKind.Local ? "local database user method" : $"{Written(kind)} database user address method";
        var masked = kind != ConnectionKind.Local && fields.Length > 4 && fields[4] is [var mask] && AddressSet.IsAddress(mask.Text);
        var method = kind == ConnectionKind.Local ? 3 : masked ? 5 : 4;
        if (fields.Length <= method)
        {
            wrong = $"the rule ends too soon; allowed is: {form}";
            return null;
        }
        if (fields.Length > method + 1)
        {
            wrong = $"nothing may stand behind the method: options such as {fields[method + 1][0].Text} are not supported";
            return null;
        }
        var databases = Names(fields[1], isDatabase: true, out wrong);
        var users = wrong is null ? Names(fields[2], isDatabase: false, out wrong) : null;
        var addresses = wrong is not null ? null
            : kind == ConnectionKind.Local ? new AddressSet.Any()
            : Addresses(fields, masked, out wrong);
        var how = wrong is null ? Method(fields[method], kind, out wrong) : null;
        return wrong is null ? new(number, kind, databases!, users!, addresses!, how!.Value) : null;
    }

    private static AddressSet? Addresses(ImmutableArray<ImmutableArray<RuleWord>> fields, bool masked, out string? wrong)
    {
        if (fields[3] is not [{ Quoted: false } address])
        {
            wrong = "one address is expected, and not in quotes; several need a rule each";
            return null;
        }
        return masked ? AddressSet.Parse(address.Text, fields[4][0].Text, out wrong) : AddressSet.Parse(address.Text, out wrong);
    }

    private static ConnectionKind? Kind(ImmutableArray<RuleWord> field, out string? wrong)
    {
        wrong = null;
        foreach (var kind in Kinds.Where(kind => field is [var word] && word.Is(Written(kind))))
            return kind;
        var text = field[0].Text;
        wrong = text is "hostgssenc" or "hostnogssenc" ? $"{text} is not supported: there is no encryption by GSSAPI, so write host"
            : text.StartsWith("include", StringComparison.Ordinal) ? $"{text} is not supported: write the rules here"
            : $"\"{text}\" begins no rule; allowed is one of {string.Join(", ", Kinds.Select(Written))}";
        return null;
    }

    private static NameSet? Names(ImmutableArray<RuleWord> field, bool isDatabase, out string? wrong)
    {
        wrong = field.Select(word => NotSupported(word, isDatabase)).FirstOrDefault(static reason => reason is not null);
        bool Is(RuleWord word, string keyword) => word.Is(keyword) && (isDatabase || keyword == "all");
        return wrong is not null ? null : new(
            [
                .. field.Where(word => !Is(word, "all") && !Is(word, "sameuser") && !Is(word, "replication"))
                    .Select(static word => word.Text),
            ],
            field.Any(word => Is(word, "all")),
            field.Any(word => Is(word, "sameuser")),
            field.Any(word => Is(word, "replication")));
    }

    private static string? NotSupported(RuleWord word, bool isDatabase) => word switch
    {
        { Text: "" } => "an empty name is nobody's",
        { Quoted: true } => null,
        { Text: "samerole" or "samegroup" } when isDatabase => $"{word.Text}{NoMembers}",
        { Text: ['+', ..] } => $"{word.Text}{NoMembers}; name the users{OrQuote}",
        { Text: ['@', ..] } => $"{word.Text} is not supported: names are not read from other files; write them here{OrQuote}",
        { Text: ['/', ..] } => $"{word.Text} is not supported: names are not matched by regular expressions; write them out{OrQuote}",
        _ => null,
    };

    private static AccessMethod? Method(ImmutableArray<RuleWord> field, ConnectionKind kind, out string? wrong)
    {
        wrong = null;
        var methods = Enum.GetValues<AccessMethod>();
        foreach (var method in methods.Where(method => field is [var word] && word.Is(Written(method))))
        {
            wrong = NotFor(method, kind);
            return method;
        }
        wrong = $"\"{field[0].Text}\" is no method; allowed is one of {string.Join(", ", methods.Select(Written))}";
        return null;
    }

    private static string? NotFor(AccessMethod method, ConnectionKind kind) => (method, kind) switch
    {
        (AccessMethod.Cert, not ConnectionKind.HostSsl) => "cert needs hostssl: without TLS there is no certificate",
        (AccessMethod.Peer, not ConnectionKind.Local) => "peer needs local: only a Unix socket shows whose process is at the other end",
        _ => null,
    };

    private static string Written(AccessMethod method) => KeyName.Of(method.ToString());

    private static string Written(ConnectionKind kind) => kind.ToString().ToLowerInvariant();
}
