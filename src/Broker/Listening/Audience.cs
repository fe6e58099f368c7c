using System.Text;
using Akka.Actor;

namespace Broker.Listening;

/// <summary>How far a listener has come.</summary>
internal enum Hearing
{
    /// <summary>It has not been told that listening has started.</summary>
    NotYet,
    /// <summary>It hears everything.</summary>
    Everything,
    /// <summary>It did, and must be told of a gap when it does again.</summary>
    Interrupted,
}

/// <summary>Who listens to which channel. Mutable, and owned by the listener's actor.</summary>
internal sealed class Audience
{
    // NAMEDATALEN - 1: the server cuts longer names off when it listens, and refuses to notify them.
    private const int LongestChannel = 63;

    private readonly Dictionary<string, Dictionary<IActorRef, Hearing>> _channels = [];

    internal bool IsEmpty => _channels.Count == 0;

    /// <summary>All channels that somebody listens to.</summary>
    internal IReadOnlyCollection<string> Channels => _channels.Keys;

    /// <summary>Why no such channel can be listened to; null when it can.</summary>
    internal static string? Refusal(string channel) =>
        channel.Length == 0 ? "a channel needs a name"
        : channel.Contains('\0', StringComparison.Ordinal) ? "a channel's name contains a NUL character"
        : Encoding.UTF8.GetByteCount(channel) > LongestChannel ? $"a channel's name is longer than {LongestChannel} bytes"
        : null;

    /// <summary>The command that listens to a channel, or no longer.</summary>
    internal static string Command(string verb, string channel) => $"{verb} \"{channel.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Adds a listener; says how far it has come already.</summary>
    internal Hearing Add(string channel, IActorRef listener)
    {
        if (!_channels.TryGetValue(channel, out var listeners))
        {
            _channels[channel] = listeners = [];
        }
        return listeners.TryAdd(listener, Hearing.NotYet) ? Hearing.NotYet : listeners[listener];
    }

    /// <summary>Removes a listener of a channel; false when it was none.</summary>
    internal bool Remove(string channel, IActorRef listener)
    {
        if (!_channels.TryGetValue(channel, out var listeners) || !listeners.Remove(listener))
        {
            return false;
        }
        if (listeners.Count == 0)
        {
            _channels.Remove(channel);
        }
        return true;
    }

    /// <summary>Whether somebody listens to anything.</summary>
    internal bool Has(IActorRef listener) => _channels.Values.Any(listeners => listeners.ContainsKey(listener));

    /// <summary>Removes a listener from all its channels.</summary>
    internal void RemoveAll(IActorRef listener)
    {
        foreach (var channel in _channels.Keys.ToArray())
        {
            Remove(channel, listener);
        }
    }

    /// <summary>Those that have not been told yet that listening has started.</summary>
    internal IEnumerable<(string Channel, IActorRef Listener)> NotYetStarted() =>
        [.. from channel in _channels from listener
            in channel.Value where listener.Value == Hearing.NotYet select (channel.Key, listener.Key)];

    /// <summary>Everybody.</summary>
    internal IEnumerable<(string Channel, IActorRef Listener)> All() =>
        [.. from channel in _channels from listener in channel.Value select (channel.Key, listener.Key)];

    /// <summary>Those who hear a channel now.</summary>
    internal IEnumerable<IActorRef> Hearers(string channel) =>
        _channels.TryGetValue(channel, out var listeners)
            ? listeners.Where(static l => l.Value == Hearing.Everything).Select(static l => l.Key)
            : [];

    /// <summary>The connection is lost.</summary>
    internal void Interrupt()
    {
        foreach (var (channel, listener) in All().Where(one => _channels[one.Channel][one.Listener] == Hearing.Everything))
        {
            _channels[channel][listener] = Hearing.Interrupted;
        }
    }

    /// <summary>The server listens to the channel: who must be told, and how far each had come.</summary>
    internal IEnumerable<(IActorRef Listener, Hearing Before)> Resume(string channel)
    {
        if (!_channels.TryGetValue(channel, out var listeners))
        {
            return [];
        }
        (IActorRef, Hearing)[] news = [.. listeners.Where(static l => l.Value != Hearing.Everything).Select(static l => (l.Key, l.Value))];
        foreach (var (listener, _) in news)
        {
            listeners[listener] = Hearing.Everything;
        }
        return news;
    }
}
