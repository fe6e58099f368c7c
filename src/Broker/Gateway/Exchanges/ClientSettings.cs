using System.Collections.Immutable;
using Broker.Configuration;
using Broker.Gateway.Links;
using Broker.Gateway.Traces;
using Broker.PgWire.Messages;
using Broker.PgWire.Values;

namespace Broker.Gateway.Exchanges;

/// <summary>
/// What a client has set, so that it finds it on whatever link it gets: of the settings that the server reports, what it has been told
/// last; of the others, the SETs that it sent as texts of their own and that were committed. What a transaction set that was rolled back is
/// forgotten; so is what it set before it went back to a savepoint, since nobody says which of it is still there.
/// </summary>
internal sealed class ClientSettings
{
    private readonly ShownName _shownName;
    private ImmutableSortedDictionary<string, WireText> _kept = LinkTuning.Nothing;
    private ImmutableSortedDictionary<string, WireText> _now = LinkTuning.Nothing;
    // What the client began with, and has again when it resets its session.
    private readonly ImmutableSortedDictionary<string, WireText> _wished;
    // Shared with all clients that were told the same: most are never told anything else.
    private readonly ImmutableDictionary<WireText, WireText> _defaults;
    private ImmutableDictionary<WireText, WireText> _told;
    // Each SET or RESET whose end is not told, with the number of the ReadyForQuery by which it is; null for one of which nothing is kept
    // here.
    private Queue<(SettingChange? Change, long ToldBy)>? _sent;
    private long _ready;
    private bool? _isPlain;
    private bool? _meansTheUsual;
    private string? _meaning;

    /// <param name="told">What it was told at its login.</param>
    /// <param name="wished">What it wishes beside that: SETs by the names of settings.</param>
    /// <param name="shownName">Whose application_name servers show.</param>
    internal ClientSettings(ImmutableDictionary<WireText, WireText> told, ImmutableSortedDictionary<string, WireText> wished,
        ShownName shownName)
    {
        (_told, _defaults, _wished, _kept, _now, _shownName) = (told, told, wished, wished, wished, shownName);
    }

    /// <summary>Whether the client has set nothing: its statements mean what those of all such clients mean.</summary>
    internal bool IsPlain =>
        _isPlain ??= _kept.IsEmpty
            && _told.All(told => told.Key == LinkTuning.ApplicationName
                ? _shownName is ShownName.Broker || IsDefault(told)
                : IsDefault(told));

    /// <summary>Whether the client has what it began with, and would have nothing else after RESET ALL.</summary>
    internal bool AreAsAtFirst =>
        (ReferenceEquals(_kept, _wished) || (_kept.IsEmpty && _wished.IsEmpty))
            && (ReferenceEquals(_told, _defaults) || _told.All(IsDefault));

    /// <summary>
    /// Whether its statements mean what those of a client without settings mean: names are found in the same places, and texts are read
    /// alike.
    /// </summary>
    internal bool MeansTheUsual => _meansTheUsual ??= IsPlain || (!_kept.Keys.Any(SettingText.ChangesMeaning)
        && _told.All(told => !SettingText.ChangesMeaning(told.Key.ToString())
            || IsDefault(told)
            || (told.Key.Is("client_encoding"u8) && told.Value.Is("UTF8"u8))));

    /// <summary>
    /// The settings by which a server reads the client's texts when it prepares them, if they are not the usual ones: as they are now, in
    /// the transaction under way too. Limits of time have no say.
    /// </summary>
    internal string Meaning => _meaning ??= IsPlain && _now.IsEmpty ? "" : string.Join(
        '\n',
        _told.Where(told => !IsDefault(told) && SettingText.IsReadBy(told.Key.ToString())).Select(static told => $"{told.Key}={told.Value}")
            .Order(StringComparer.Ordinal)
            .Concat(_now.Where(static set => !set.Key.EndsWith("_timeout", StringComparison.Ordinal))
                .Select(static set => set.Value.ToString())));

    /// <summary>Whether the client began with settings of its own.</summary>
    internal bool HasWishes => !_wished.IsEmpty;

    /// <summary>Whether it began with one of its own of this name.</summary>
    internal bool Wishes(string name) => _wished.ContainsKey(name);

    /// <summary>What the client knows.</summary>
    internal ImmutableDictionary<WireText, WireText> Told => _told;

    /// <summary>A SET or RESET is sent, by itself.</summary>
    /// <param name="change">What it changes; null when nothing is to be kept of that here.</param>
    /// <param name="readyAhead">How many ReadyForQuery come before its own.</param>
    internal void Sent(SettingChange? change, int readyAhead) => (_sent ??= new()).Enqueue((change, _ready + readyAhead));

    /// <summary>A statement is done.</summary>
    internal void Completed(ReadOnlySpan<byte> tag)
    {
        var before = _now;
        if (tag.StartsWith("ROLLBACK"u8))
        {
            _now = _kept;
        }
        else if (tag.StartsWith("DISCARD ALL"u8))
        {
            _now = _wished;
        }
        else if ((tag.StartsWith("SET"u8) || tag.StartsWith("RESET"u8)) && _sent?.TryPeek(out var next) == true && next.ToldBy == _ready)
        {
            _now = _sent.Dequeue().Change is not { } change ? _now : change.Kind switch
            {
                SettingChangeKind.Set => _now.SetItem(change.Name, change.Sql),
                SettingChangeKind.Reset =>
                    _wished.TryGetValue(change.Name, out var wish) ? _now.SetItem(change.Name, wish) : _now.Remove(change.Name),
                SettingChangeKind.ResetAll => _wished,
            };
        }
        _meaning = ReferenceEquals(before, _now) ? _meaning : null;
    }

    /// <summary>
    /// A statement was refused: what was sent behind it is skipped, up to the next ReadyForQuery, or fails with its transaction.
    /// </summary>
    internal void Failed()
    {
        ForgetSent();
        (_now, _meaning) = (_kept, ReferenceEquals(_now, _kept) ? _meaning : null);
    }

    /// <summary>Where the server stands.</summary>
    internal void TransactionIs(TransactionStatus status)
    {
        // what was not told to be done was not done
        ForgetSent();
        _ready++;
        if (status is not TransactionStatus.Idle)
        {
            return;
        }
        if (!ReferenceEquals(_kept, _now))
        {
            (_kept, _isPlain, _meansTheUsual, _meaning) = (_now, null, null, null);
        }
    }

    /// <summary>The server reports a setting to the client.</summary>
    internal void Reported(WireText name, WireText value) =>
        (_told, _isPlain, _meansTheUsual, _meaning) = (_told.SetItem(name, value), null, null, null);

    /// <summary>What has to be said to the server so that the client finds its settings; null for nothing.</summary>
    internal WireText? DifferenceTo(WireLink link) => LinkTuning.Difference(link, _told, _kept, keepsName: _shownName is ShownName.Broker);

    /// <summary>The difference was applied: the values that the server made of it are those that the client wants.</summary>
    internal void Applied(WireLink link)
    {
        _kept = _now = _kept.RemoveRange(_kept.Keys
            .Where(name => link.Settings.Keys.Any(told => told.ToString().Equals(name, StringComparison.OrdinalIgnoreCase))));
        (link.Applied, _isPlain, _meansTheUsual, _meaning) = (_kept, null, null, null);
        foreach (var name in _told.Keys)
        {
            if (link.Settings.TryGetValue(name, out var has) && !(name == LinkTuning.ApplicationName && _shownName is ShownName.Broker))
            {
                _told = _told.SetItem(name, has);
            }
        }
    }

    private void ForgetSent()
    {
        while (_sent?.TryPeek(out var next) == true && next.ToldBy <= _ready)
        {
            _sent.Dequeue();
        }
    }

    private bool IsDefault(KeyValuePair<WireText, WireText> told) => _defaults.GetValueOrDefault(told.Key) == told.Value;
}
