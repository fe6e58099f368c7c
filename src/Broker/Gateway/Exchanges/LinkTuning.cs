using System.Collections.Immutable;
using System.Text;
using Broker.Gateway.Links;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>Brings the session of a link to the settings that its next user needs, whoever had it before.</summary>
internal static class LinkTuning
{
    /// <summary>No settings: the session as it began.</summary>
    internal static readonly ImmutableSortedDictionary<string, WireText> Nothing =
        ImmutableSortedDictionary.Create<string, WireText>(StringComparer.Ordinal);

    /// <summary>Whose server shows as application_name.</summary>
    internal static readonly WireText ApplicationName = WireText.Of("application_name");

    // What the server reports and nobody can set.
    private static readonly ImmutableHashSet<string> Fixed = ImmutableHashSet.Create(
        StringComparer.OrdinalIgnoreCase, "server_version", "server_encoding", "integer_datetimes", "is_superuser", "session_authorization",
            "in_hot_standby");

    /// <summary>What has to be said to the server; null for nothing.</summary>
    /// <param name="link">Which link.</param>
    /// <param name="reported">The values wanted of those that the server reports.</param>
    /// <param name="settings">The SETs wanted beside them, by the names of the settings; they go before the reported values.</param>
    /// <param name="keepsName">Whether application_name is to be as it was at the login, whatever is wanted.</param>
    internal static WireText? Difference(WireLink link, ImmutableDictionary<WireText, WireText> reported,
        ImmutableSortedDictionary<string, WireText> settings, bool keepsName = false)
    {
        var sql = settings.IsEmpty && ReferenceEquals(link.Fits, reported)
            ? null
            : DifferenceOfReported(link, reported, settings, keepsName);
        if (settings.IsEmpty && sql is null)
        {
            link.Fits = reported;
        }
        if (ReferenceEquals(link.Applied, settings))
        {
            return Text(sql);
        }
        foreach (var (name, _) in link.Applied.Where(applied => !settings.ContainsKey(applied.Key)))
        {
            (sql ??= new()).Append(ResetOf(name)).Append(';');
        }
        foreach (var (name, text) in settings
            .Where(wanted => !link.Applied.TryGetValue(wanted.Key, out var applied) || applied != wanted.Value))
        {
            (sql ??= new()).Append(text).Append(';');
        }
        return Text(sql);
    }

    private static StringBuilder? DifferenceOfReported(
        WireLink link, ImmutableDictionary<WireText, WireText> reported, ImmutableSortedDictionary<string, WireText> settings,
            bool keepsName)
    {
        StringBuilder? sql = null;
        foreach (var (name, wanted) in reported)
        {
            var wants = keepsName && name == ApplicationName ? link.Defaults.GetValueOrDefault(name) : wanted;
            if (link.Settings.TryGetValue(name, out var has) && has != wants && CanBeSet(name) && !settings.ContainsKey(name.ToString()))
            {
                (sql ??= new()).Append(Setting(name.ToString(), wants)).Append(';');
            }
        }
        return sql;
    }

    /// <summary>
    /// Writes what has to be said for the broker's own use of a link, ahead of what needs it. What is not set is what it was at the login.
    /// </summary>
    internal static void Tune(WireLink link, ImmutableSortedDictionary<string, WireText> settings, WireWriter writer)
    {
        var difference = Difference(link, link.Defaults, settings);
        link.Applied = settings;
        if (difference is { } sql)
        {
            Ask(link, sql, writer);
        }
    }

    /// <summary>Writes a Query of the broker's own: no client hears what it is answered.</summary>
    internal static void Ask(WireLink link, WireText sql, WireWriter writer)
    {
        new Query(sql).Write(writer);
        link.Statements.BecomeUnnamed(null);
        link.Use.Sent(FrontendType.Query, hidden: true, accounts: Accounts.Link);
    }

    /// <summary>
    /// Writes a statement of the broker's own into the series that is open, or begins one: it is part of its transaction, and skipped when
    /// something ahead of it fails.
    /// </summary>
    internal static void AskWithin(WireLink link, WireText sql, WireWriter writer)
    {
        new Parse(WireText.Empty, sql, []).Write(writer);
        link.Statements.BecomeUnnamed(null);
        link.Use.Sent(FrontendType.Parse, hidden: true, accounts: Accounts.Link);
        new Bind(WireText.Empty, WireText.Empty, [], [], []).Write(writer);
        link.Use.Sent(FrontendType.Bind, hidden: true);
        new Execute(WireText.Empty, 0).Write(writer);
        link.Use.Sent(FrontendType.Execute, hidden: true);
    }

    /// <summary>
    /// The text that sets a setting to a value, as a configuration file would: lists and quotes within it mean what they mean there.
    /// </summary>
    internal static WireText Setting(string name, WireText value) =>
        WireText.Of($"SELECT pg_catalog.set_config({Quoted(WireText.Of(name))},{Quoted(value)},false)");

    private static bool CanBeSet(WireText name) => !Fixed.Contains(name.ToString());

    private static string ResetOf(string name) => $"RESET {string.Join('.', name.Split('.').Select(static part => $"\"{part}\""))}";

    private static WireText? Text(StringBuilder? sql) => sql is null ? null : WireText.Of(sql.ToString());

    // a backslash means itself only where standard_conforming_strings is on, and nobody knows here whether it is
    private static string Quoted(WireText value)
    {
        var text = value.ToString().Replace("'", "''", StringComparison.Ordinal);
        return text.Contains('\\', StringComparison.Ordinal) ? $"E'{text.Replace("\\", "\\\\", StringComparison.Ordinal)}'" : $"'{text}'";
    }
}
