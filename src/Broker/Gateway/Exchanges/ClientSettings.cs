using System.Collections.Immutable;
using System.Text;
using Broker.Configuration;
using Broker.Gateway.Links;
using Broker.Gateway.Traces;
using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>
/// What a client has set, so that it finds it on whatever link it gets: of the settings that the server reports, what it has been told last; of the others, the SETs that it sent as texts of their
/// own and that were committed. What a transaction set that was rolled back is forgotten; so is what it set before it went back to a savepoint, since nobody says which of it is still there.
/// </summary>
internal sealed class ClientSettings
{
    // What the server reports and nobody can set.
    private static readonly ImmutableHashSet<string> Fixed = ImmutableHashSet.Create(
        StringComparer.OrdinalIgnoreCase, "server_version", "server_encoding", "integer_datetimes", "is_superuser", "session_authorization", "in_hot_standby");

    private static readonly WireText ApplicationName = WireText.Of("application_name");

    private static readonly ImmutableSortedDictionary<string, WireText> Nothing = ImmutableSortedDictionary.Create<string, WireText>(StringComparer.Ordinal);

    private readonly Dictionary<WireText, WireText> _told;
    private readonly Queue<SettingChange> _sent = new();
    private readonly ShownName _shownName;
    private ImmutableSortedDictionary<string, WireText> _kept = Nothing;
    private ImmutableSortedDictionary<string, WireText> _now = Nothing;
    private readonly ImmutableDictionary<WireText, WireText> _defaults;
    private bool _rolledBack;
    private bool? _isPlain;
    private bool? _meansTheUsual;

    /// <param name="told">What it was told at its login.</param>
    /// <param name="wished">What it wishes beside that: SETs by the names of settings.</param>
    /// <param name="shownName">Whose application_name servers show.</param>
    internal ClientSettings(Dictionary<WireText, WireText> told, ImmutableSortedDictionary<string, WireText> wished, ShownName shownName)
    {
        (_told, _kept, _now, _shownName) = (told, wished, wished, shownName);
        _defaults = told.ToImmutableDictionary();
    }

    /// <summary>Whether the client has set nothing: its statements mean what those of all such clients mean.</summary>
    internal bool IsPlain => _isPlain ??= _kept.IsEmpty && _told.All(told => told.Key == ApplicationName ? _shownName is ShownName.Broker || IsDefault(told) : IsDefault(told));

    /// <summary>Whether its statements mean what those of a client without settings mean: names are found in the same places, and texts are read alike.</summary>
    internal bool MeansTheUsual => _meansTheUsual ??= IsPlain || (!_kept.Keys.Any(SettingText.ChangesMeaning)
        && _told.All(told => !SettingText.ChangesMeaning(told.Key.ToString()) || IsDefault(told) || (told.Key.Is("client_encoding"u8) && told.Value.Is("UTF8"u8))));

    /// <summary>Whether a reported setting can be set.</summary>
    internal static bool CanBeSet(WireText name) => !Fixed.Contains(name.ToString());

    /// <summary>The text that sets a setting to a value, as a configuration file would: lists and quotes within it mean what they mean there.</summary>
    internal static WireText Setting(string name, WireText value) => WireText.Of($"SELECT pg_catalog.set_config({Quoted(WireText.Of(name))},{Quoted(value)},false)");

    /// <summary>The text that sets a setting back to what the session began with.</summary>
    internal static string ResetOf(string name) => $"RESET {string.Join('.', name.Split('.').Select(static part => $"\"{part}\""))}";

    /// <summary>What the client knows.</summary>
    internal IReadOnlyDictionary<WireText, WireText> Told => _told;

    /// <summary>A text is sent that may change a setting.</summary>
    internal void Sent(SessionTrace trace)
    {
        if (trace.Change is { } change)
        {
            _sent.Enqueue(change);
        }
    }

    /// <summary>A statement is done.</summary>
    internal void Completed(ReadOnlySpan<byte> tag)
    {
        if (tag.StartsWith("ROLLBACK"u8))
        {
            (_rolledBack, _now) = (true, _kept);
        }
        else if (tag.StartsWith("DISCARD ALL"u8))
        {
            _now = Nothing;
        }
        else if ((tag.StartsWith("SET"u8) || tag.StartsWith("RESET"u8)) && _sent.TryDequeue(out var change))
        {
            _now = change.Kind switch
            {
                SettingChangeKind.Set => _now.SetItem(change.Name, change.Sql),
                SettingChangeKind.Reset => _now.Remove(change.Name),
                SettingChangeKind.ResetAll => Nothing,
            };
        }
    }

    /// <summary>A statement was refused: what was sent behind it is skipped, or fails with its transaction.</summary>
    internal void Failed()
    {
        _sent.Clear();
        _now = _kept;
    }

    /// <summary>Where the server stands.</summary>
    internal void TransactionIs(TransactionStatus status)
    {
        if (status is not TransactionStatus.Idle)
        {
            return;
        }
        if (!ReferenceEquals(_kept, _now))
        {
            (_kept, _isPlain, _meansTheUsual) = (_rolledBack ? _kept : _now, null, null);
        }
        _now = _kept;
        _rolledBack = false;
    }

    /// <summary>The server reports a setting to the client.</summary>
    internal void Reported(WireText name, WireText value) => (_told[name], _isPlain, _meansTheUsual) = (value, null, null);

    /// <summary>What has to be said to the server so that the client finds its settings; null for nothing.</summary>
    internal WireText? DifferenceTo(WireLink link)
    {
        StringBuilder? sql = null;
        foreach (var (name, wanted) in _told)
        {
            var wants = name == ApplicationName && _shownName is ShownName.Broker ? link.Defaults.GetValueOrDefault(name) : wanted;
            if (link.Settings.TryGetValue(name, out var has) && has != wants && CanBeSet(name))
            {
                (sql ??= new()).Append(Setting(name.ToString(), wants)).Append(';');
            }
        }
        if (!ReferenceEquals(link.Applied, _kept))
        {
            foreach (var (name, _) in link.Applied.Where(one => !_kept.ContainsKey(one.Key)))
            {
                (sql ??= new()).Append(ResetOf(name)).Append(';');
            }
            foreach (var (name, text) in _kept)
            {
                if (!link.Applied.TryGetValue(name, out var applied) || applied != text)
                {
                    (sql ??= new()).Append(text).Append(';');
                }
            }
        }
        return sql is null ? null : WireText.Of(sql.ToString());
    }

    /// <summary>The difference was applied: the values that the server made of it are those that the client wants.</summary>
    internal void Applied(WireLink link)
    {
        _kept = _now = _kept.RemoveRange(_kept.Keys.Where(name => link.Settings.Keys.Any(told => told.ToString().Equals(name, StringComparison.OrdinalIgnoreCase))));
        (link.Applied, _isPlain, _meansTheUsual) = (_kept, null, null);
        foreach (var name in _told.Keys)
        {
            if (link.Settings.TryGetValue(name, out var has) && !(name == ApplicationName && _shownName is ShownName.Broker))
            {
                _told[name] = has;
            }
        }
    }

    private bool IsDefault(KeyValuePair<WireText, WireText> told) => _defaults.GetValueOrDefault(told.Key) == told.Value;

    // a backslash means itself only where standard_conforming_strings is on, and nobody knows here whether it is
    private static string Quoted(WireText value)
    {
        var text = value.ToString().Replace("'", "''", StringComparison.Ordinal);
        return text.Contains('\\', StringComparison.Ordinal) ? $"E'{text.Replace("\\", "\\\\", StringComparison.Ordinal)}'" : $"'{text}'";
    }
}
