using Broker.Configuration;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Access;

/// <summary>
/// What is done with a client that wants in: it is asked for a proof, or refused at once. What it is told never depends on whether the
/// user exists: of an unknown user, and of one whose kept password cannot serve the method, the same is asked, and nothing that is
/// answered is right.
/// </summary>
internal abstract record AccessDecision
{
    private AccessDecision()
    {
    }

    /// <summary>Decides.</summary>
    /// <param name="rule">What <see cref="AccessRules.Find"/> gives.</param>
    /// <param name="attempt">Who wants in.</param>
    /// <param name="kept">What is kept of the user's password; null when there is no such user, or it has none.</param>
    /// <param name="likenesses">What an unknown user is taken for.</param>
    internal static AccessDecision Of(AccessRule? rule, LoginAttempt attempt, KeptPassword? kept, Likenesses likenesses)
    {
        if (rule is null)
        {
            var text = $"no access rule (broker.gateway.auth, .hba, .hba-file) is for {attempt}";
            return new Refused(text, text);
        }
        return rule.Method switch
        {
            AccessMethod.Trust => new Asked(ClientProof.Trust, null),
            AccessMethod.Reject => new Refused($"the access rules reject {attempt}", $"{attempt} is rejected by {Named(rule)}"),
            AccessMethod.Cert => Known(attempt.Tls?.CertificateName, "certificate", rule, attempt),
            AccessMethod.Peer => Known(attempt.Account, "account", rule, attempt),
            AccessMethod.Password or AccessMethod.Md5 or AccessMethod.ScramSha256 => Ask(rule, attempt, kept, likenesses),
        };
    }

    private static AccessDecision Known(string? name, string by, AccessRule rule, LoginAttempt attempt)
    {
        if (name is not null && name == attempt.User)
            return new Asked(ClientProof.Trust, null);
        var shown = name is null ? $"no {by} was shown" : $"the {by} is that of \"{name}\"";
        return new Refused($"user \"{attempt.User}\" is not known by {by}", $"{attempt}: {shown}, and {Named(rule)} asks for the user's");
    }

    private static Asked Ask(AccessRule rule, LoginAttempt attempt, KeptPassword? kept, Likenesses likenesses)
    {
        // made for a known user too, so that neither is answered sooner
        var likeness = likenesses.Of(attempt.User);
        var note = kept is null ? $"{attempt}: there is no such user, or it has no password" : null;
        var password = kept ?? likeness;
        byte[]? binding = attempt.Tls is { Binding.IsDefaultOrEmpty: false } tls ? [.. tls.Binding] : null;
        if (rule.Method == AccessMethod.Password)
            return new(ClientProof.Cleartext(password), note);
        if (rule.Method == AccessMethod.Md5 && password.ForMd5() is { } md5)
            return new(ClientProof.Md5(md5), note);
        if (password.ForScram() is { } verifier)
            return new(ClientProof.Scram(verifier, binding), note);
        note ??= $"{attempt}: {Named(rule)} asks for scram-sha-256, which a password kept by MD5 cannot serve: none will be right";
        return new(ClientProof.Scram(likenesses.VerifierOf(attempt.User), binding), note);
    }

    private static string Named(AccessRule rule) => rule.Line == 0 ? "broker.gateway.auth" : $"line {rule.Line} of the access rules";

    /// <summary>It is asked for a proof.</summary>
    /// <param name="Proof">Which.</param>
    /// <param name="Note">Why none will be right, for the log alone; null when one may be.</param>
    internal sealed record Asked(ClientProof Proof, string? Note) : AccessDecision;

    /// <summary>It is refused, with SQLSTATE 28000.</summary>
    /// <param name="Text">What it is told.</param>
    /// <param name="Note">Why, for the log alone.</param>
    internal sealed record Refused(string Text, string Note) : AccessDecision
    {
        /// <summary>Of every refusal.</summary>
        internal const string SqlState = "28000";
    }
}
