using System.Collections.Immutable;

namespace Broker.Client.Protocol.Values;

/// <summary>
/// Role, search path, statement timeout and `app.*` settings that hold for one caller's statements only: carried as SET LOCAL behind
/// BEGIN. Only errands of equal contexts share a trip. Equality is by content.
/// </summary>
/// <param name="Role">SET LOCAL ROLE; null keeps the pool's user.</param>
/// <param name="SearchPath">The search path; null keeps the default.</param>
/// <param name="StatementTimeout">The server's statement_timeout, in whole milliseconds; null keeps the default.</param>
public sealed record CallerContext(string? Role = null, string? SearchPath = null, TimeSpan? StatementTimeout = null)
{
    /// <summary>Nothing set.</summary>
    public static CallerContext None { get; } = new();

    /// <summary>Custom settings by full name, such as `app.tenant`.</summary>
    public ImmutableSortedDictionary<string, string> Settings { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Whether nothing is set, so that no SET LOCAL is needed.</summary>
    public bool IsEmpty =>
        ReferenceEquals(this, None) || (Role is null && SearchPath is null && StatementTimeout is null && Settings.IsEmpty);

    /// <inheritdoc/>
    public bool Equals(CallerContext? other) =>
        ReferenceEquals(this, other)
        || (other is not null && Role == other.Role && SearchPath == other.SearchPath && StatementTimeout == other.StatementTimeout
            && Settings.Count == other.Settings.Count && Settings.SequenceEqual(other.Settings));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Role, SearchPath, StatementTimeout, Settings.Count);
}
