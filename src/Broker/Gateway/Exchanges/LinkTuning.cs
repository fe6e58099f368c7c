using System.Collections.Immutable;
using Broker.Gateway.Links;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>Sets the session of a link to what the broker itself needs, whoever had it before.</summary>
internal static class LinkTuning
{
    /// <summary>No settings: the session as it began.</summary>
    internal static readonly ImmutableSortedDictionary<string, WireText> Nothing = ImmutableSortedDictionary.Create<string, WireText>(StringComparer.Ordinal);

    /// <summary>Writes what has to be said, ahead of what needs it; nothing when the session is so. What is not set is what it was at the login.</summary>
    /// <param name="link">Which.</param>
    /// <param name="settings">SETs by the names of settings.</param>
    /// <param name="writer">Where to.</param>
    internal static void Tune(WireLink link, ImmutableSortedDictionary<string, WireText> settings, WireWriter writer)
    {
        var texts = link.Applied.Keys.Where(name => !settings.ContainsKey(name)).Select(ClientSettings.ResetOf)
            .Concat(link.Settings.Where(has => ClientSettings.CanBeSet(has.Key) && !settings.ContainsKey(has.Key.ToString()) && link.Defaults.TryGetValue(has.Key, out var first) && first != has.Value)
                .Select(has => ClientSettings.Setting(has.Key.ToString(), link.Defaults[has.Key]).ToString()))
            .Concat(settings.Where(wanted => !link.Applied.TryGetValue(wanted.Key, out var applied) || applied != wanted.Value).Select(static wanted => wanted.Value.ToString()))
            .ToList();
        link.Applied = settings;
        if (texts.Count == 0)
        {
            return;
        }
        new Query(WireText.Of(string.Join(';', texts))).Write(writer);
        link.Statements.BecomeUnnamed(null);
        link.Use.Sent(FrontendType.Query, hidden: true, accounts: Accounts.Link);
    }
}
