using Broker.PgWire.Values;

namespace Broker.Gateway.Traces;

/// <summary>What a text leaves in the session that it ran in, when its transaction is over.</summary>
/// <param name="IsDirty">Whether it may leave something that another client must not meet.</param>
/// <param name="Change">The setting that it changes, and nothing else; null when it is not such a text.</param>
/// <param name="Deallocates">The prepared statement that it ends by its name, and nothing else; null when it is not such a text.</param>
/// <param name="EndsStatements">Whether it may end all prepared statements.</param>
/// <param name="Sets">Whether it is a SET or RESET, of whatever: the server says so when it is done.</param>
internal sealed record SessionTrace(bool IsDirty, SettingChange? Change = null, string? Deallocates = null, bool EndsStatements = false,
    bool Sets = false)
{
    /// <summary>Nothing.</summary>
    internal static readonly SessionTrace None = new(false);

    /// <summary>Nobody knows.</summary>
    internal static readonly SessionTrace Unknown = new(true);

    /// <summary>Nobody knows, and all prepared statements may have ended.</summary>
    internal static readonly SessionTrace Discarded = new(true, EndsStatements: true);
}

/// <summary>A SET or RESET of a session, as its text says it.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Name">The setting, in lower case; empty for all.</param>
/// <param name="Sql">The text, without a semicolon behind it.</param>
internal sealed record SettingChange(SettingChangeKind Kind, string Name, WireText Sql);

/// <summary>What is done to a setting.</summary>
internal enum SettingChangeKind
{
    /// <summary>It gets a value.</summary>
    Set,

    /// <summary>It gets the value that the session began with.</summary>
    Reset,

    /// <summary>All get the values that the session began with.</summary>
    ResetAll,
}
