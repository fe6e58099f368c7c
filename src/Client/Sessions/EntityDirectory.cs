using System.Collections.Concurrent;
using Broker.Client.Protocol.Values;
using Broker.Client.Sending;

namespace Broker.Client.Sessions;

/// <summary>
/// What the sessions of a client share: for each database and user its tables, and which object belongs to which session.
/// </summary>
internal sealed class EntityDirectory
{
    private readonly ConcurrentDictionary<(string Database, string? User, CallerContext Context), SessionEntities> _all = new();
    private readonly Attachments _attachments = new();
    private readonly StatementSender _sender;

    internal EntityDirectory(StatementSender sender) => _sender = sender;

    /// <summary>What is known under a context: its role and search path decide which table a name means.</summary>
    internal SessionEntities Of(string database, SessionOptions options) => _all.GetOrAdd(
        (database, options.User, new(options.Terms.Context.Role, options.Terms.Context.SearchPath)),
        key => new(_sender, SendingTerms.Default with { User = key.User, Context = key.Context }, key.Database, _attachments));
}
