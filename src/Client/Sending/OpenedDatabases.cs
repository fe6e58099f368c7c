using System.Collections.Concurrent;

namespace Broker.Client.Sending;

/// <summary>
/// On which databases, and as which users, the broker has opened a conversation for this client: it knows them, and opens the next at once.
/// </summary>
internal sealed class OpenedDatabases
{
    private readonly ConcurrentDictionary<(string Database, string? User), bool> _all = new();

    internal bool WasOpened(string database, string? user) => _all.ContainsKey((database, user));

    internal void NoteOpened(string database, string? user) => _all[(database, user)] = true;
}
