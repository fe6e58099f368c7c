using System.Collections.Concurrent;
using Broker.Client.Sending;

namespace Broker.Client.Sessions;

/// <summary>What the sessions of a client share: for each database and user its tables, and which object belongs to which session.</summary>
internal sealed class EntityDirectory
{
    private readonly ConcurrentDictionary<(string Database, string? User), SessionEntities> _all = new();
    private readonly Attachments _attachments = new();
    private readonly StatementSender _sender;

    internal EntityDirectory(StatementSender sender) => _sender = sender;

    internal SessionEntities Of(string database, string? user) =>
        _all.GetOrAdd((database, user), key => new(_sender, SendingTerms.Default with { User = key.User }, key.Database, _attachments));
}
