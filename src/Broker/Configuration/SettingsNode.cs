using System.Collections.Immutable;

namespace Broker.Configuration;

/// <summary>
/// The part of the configuration under <c>broker</c> as a plain tree, with the origin of each node. It exists because
/// Akka's own look-ups are silent: a missing key is 0 or null, an unknown one is never told.
/// </summary>
internal abstract record SettingsNode(string Path, string Origin)
{
    private static readonly ImmutableArray<string> SecretKeys = [".password", ".connection-string", ".users", ".databases",
        ".database-defaults"];

    /// <summary>The value as a message may show it; null for what has none and for what may be a secret.</summary>
    public virtual string? Shown => null;

    // a password, or what stands in the place of a section that may have one
    protected bool IsSecret => SecretKeys.Any(key => Path.EndsWith(key, StringComparison.Ordinal));

    internal sealed record Section(string Path, string Origin, ImmutableSortedDictionary<string, SettingsNode> Children)
        : SettingsNode(Path, Origin)
    {
        public static Section Empty(string path, string origin) =>
            new(path, origin, ImmutableSortedDictionary.Create<string, SettingsNode>(StringComparer.Ordinal));
    }

    internal sealed record Value(string Path, string Origin, string Text) : SettingsNode(Path, Origin)
    {
        public override string? Shown => IsSecret ? null : Text.Length == 0 ? "\"\"" : Text;
    }

    internal sealed record Texts(string Path, string Origin, ImmutableArray<string> Items) : SettingsNode(Path, Origin)
    {
        public override string? Shown => IsSecret ? null : $"[{string.Join(", ", Items)}]";
    }

    /// <summary>A <c>${?VARIABLE}</c>, of which Akka's parser makes nothing or a node that contains itself.</summary>
    internal sealed record Substitution(string Path, string Origin) : SettingsNode(Path, Origin)
    {
        public const string Advice =
            "environment variables are not substituted by this parser; a password is given as password-env = NAME or password-file = PATH";
    }
}
