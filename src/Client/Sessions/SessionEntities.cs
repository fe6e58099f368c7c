using System.Collections.Concurrent;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Sending;

namespace Broker.Client.Sessions;

/// <summary>
/// What the sessions of one database and user share: how types are mapped, and which object belongs to which session. The catalogue is
/// asked through errands, which no transaction holds up.
/// </summary>
internal sealed class SessionEntities
{
    private readonly StatementSender _sender;
    private readonly SendingTerms _terms;
    private readonly string _database;
    private readonly EntityCatalogue _catalogue = new();
    private ConcurrentDictionary<Type, bool> _plain = new();

    internal SessionEntities(StatementSender sender, SendingTerms terms, string database, Attachments attachments)
    {
        (_sender, _terms, _database, Attachments) = (sender, terms, database, attachments);
    }

    /// <summary>Whether what an errand asks would wait for the turn of the session that needs it.</summary>
    internal bool IsSandboxed => _sender.IsSandboxed;

    /// <summary>Which object belongs to which session.</summary>
    internal Attachments Attachments { get; }

    /// <summary>How a type is mapped; asks the server the first time.</summary>
    /// <exception cref="BrokerException">It cannot be mapped: <c>EntityRefused</c>.</exception>
    internal ValueTask<EntityMap> MapAsync(Type type, AskCatalogue ask, CancellationToken cancellation) =>
        _catalogue.GetAsync(type, ask, cancellation);

    /// <summary>The same; null when it is no entity. That too is asked once.</summary>
    internal async ValueTask<EntityMap?> TryMapAsync(Type type, AskCatalogue ask, CancellationToken cancellation)
    {
        var plain = _plain;
        if (plain.ContainsKey(type))
            return null;
        try
        {
            return await MapAsync(type, ask, cancellation).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is EntityRefused)
        {
            plain[type] = true;
            return null;
        }
    }

    /// <summary>How a type is mapped, when it was asked for before.</summary>
    internal EntityMap? Find(Type type) => _catalogue.Find(type);

    /// <summary>
    /// Forgets how types are mapped when a failure says that the tables are not what they were: something is undefined, of another type, or
    /// must not be null.
    /// </summary>
    internal void ForgetAfter(Exception exception)
    {
        if (exception is BrokerException { Failure: var failure } && EntityCatalogue.IsOutdatedBy(failure))
            Forget();
    }

    private void Forget()
    {
        _catalogue.Forget();
        _plain = new();
    }

    /// <summary>Runs a statement outside any conversation.</summary>
    internal ValueTask<RowSet> RunAsync(Statement statement, CancellationToken cancellation) =>
        _sender.RunAsync(_database, statement, _terms, static answer => ((ErrandCompleted)answer).Rows, cancellation);
}
