using System.Collections.Immutable;
using Broker.Configuration;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;

namespace Broker.Gateway.Clients;

/// <summary>What a startup message asks for (chapter "Message Formats", StartupMessage).</summary>
/// <param name="User">The user's name.</param>
/// <param name="Database">The database's name: that of the user when none is said.</param>
/// <param name="Settings">Settings, those within `options` first; names in lower case, the last value of each.</param>
/// <param name="UnknownOptions">`_pq_.` options; none is known.</param>
internal sealed record StartupWishes(
    string User, string Database, ImmutableSortedDictionary<string, WireText> Settings, ImmutableArray<WireText> UnknownOptions)
{
    /// <summary>Reads it.</summary>
    /// <param name="startup">The message.</param>
    /// <param name="problem">Why it is refused; null when it is not.</param>
    internal static StartupWishes Of(StartupMessage startup, out string? problem)
    {
        problem = null;
        var user = (startup["user"u8] ?? WireText.Empty).ToString();
        var database = startup["database"u8] is { IsEmpty: false } named ? named.ToString() : user;
        var settings = ImmutableSortedDictionary.CreateBuilder<string, WireText>(StringComparer.Ordinal);
        var unknown = ImmutableArray.CreateBuilder<WireText>();
        if (user.Length == 0)
        {
            problem = "no user name was given in the startup packet";
        }
        var options = CommandLineOptions.Read(startup["options"u8] ?? WireText.Empty, out var error);
        problem ??= error?.Text;
        foreach (var setting in options)
        {
            settings[setting.Name.ToString()] = setting.Value;
        }
        foreach (var parameter in startup.Parameters)
        {
            var name = parameter.Name.ToString().ToLowerInvariant();
            if (name.StartsWith("_pq_.", StringComparison.Ordinal))
            {
                unknown.Add(parameter.Name);
            }
            else if (name is not ("user" or "database" or "options" or "replication"))
            {
                settings[name] = parameter.Value;
            }
        }
        if (IsTrue(startup["replication"u8]))
        {
            problem ??= "replication does not pass through the gateway";
        }
        return new(user, database, settings.ToImmutable(), unknown.DrainToImmutable());
    }

    /// <summary>The version that both sides speak: 3.1 was never one.</summary>
    internal static ProtocolVersion Spoken(ProtocolVersion asked) =>
        asked >= ProtocolVersion.V32 ? ProtocolVersion.V32 : ProtocolVersion.V30;

    /// <summary>
    /// The settings that are not as a session has them anyway; where servers show the broker's name, the client's own is not asked for.
    /// </summary>
    internal ImmutableSortedDictionary<string, WireText> Beyond(IReadOnlyDictionary<WireText, WireText> defaults, ShownName shownName) =>
        Settings
        .Where(setting => !(setting.Key == "application_name" && shownName is ShownName.Broker) && !defaults
            .Any(one => IsSame(one, setting)))
        .ToImmutableSortedDictionary(StringComparer.Ordinal);

    private static bool IsSame(KeyValuePair<WireText, WireText> one, KeyValuePair<string, WireText> other) =>
        one.Key.ToString().Equals(other.Key, StringComparison.OrdinalIgnoreCase)
            && one.Value.ToString().Equals(other.Value.ToString(), StringComparison.OrdinalIgnoreCase);

    private static bool IsTrue(WireText? value) =>
        value is { } text && text.ToString().ToLowerInvariant() is not ("" or "false" or "off" or "no" or "0");
}
