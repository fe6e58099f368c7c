using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sessions;

/// <summary>
/// How types are mapped for one session: as for all, but a table that only its open transaction knows (a temporary one, or one that it has
/// made) is asked of that, and forgotten with it.
/// </summary>
internal sealed class EntityMaps
{
    private readonly SessionEntities _shared;
    private readonly SessionLink _link;
    private EntityCatalogue? _own;

    internal EntityMaps(SessionEntities shared, SessionLink link) => (_shared, _link) = (shared, link);

    /// <summary>How a type is mapped that was asked for before.</summary>
    internal EntityMap? Find(Type type) => _own?.Find(type) ?? _shared.Find(type);

    /// <summary>How a type is mapped; asks the server the first time.</summary>
    /// <exception cref="BrokerException">It cannot be mapped: <c>EntityRefused</c>.</exception>
    internal async ValueTask<EntityMap> MapAsync(Type type, CancellationToken cancellation)
    {
        if (Find(type) is { } known)
            return known;
        try
        {
            return await _shared.MapAsync(type, AskAsync, cancellation).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is EntityRefused && _link.MayHaveTransaction)
        {
            return await (_own ??= new()).GetAsync(type, AskInConversationAsync, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>The same for the rows of a query; null when they are values.</summary>
    internal async ValueTask<EntityMap?> TryMapAsync(Type type, CancellationToken cancellation) =>
        _own?.Find(type) ?? await _shared.TryMapAsync(type, AskAsync, cancellation).ConfigureAwait(false);

    /// <summary>
    /// Runs a statement that no transaction holds up; in a sandbox there is one transaction only, so there it runs within the session's
    /// own.
    /// </summary>
    internal ValueTask<RowSet> AskAsync(Statement statement, CancellationToken cancellation) =>
        _shared.IsSandboxed ? AskInConversationAsync(statement, cancellation) : _shared.RunAsync(statement, cancellation);

    private async ValueTask<RowSet> AskInConversationAsync(Statement statement, CancellationToken cancellation) =>
        (await _link.RunAsync<Executed>(new Execute(statement), cancellation).ConfigureAwait(false)).Rows;

    /// <summary>The transaction is over, and what it alone knew may be gone.</summary>
    internal void Ended() => _own = null;

    /// <inheritdoc cref="SessionEntities.ForgetAfter"/>
    internal void ForgetAfter(Exception exception) => _shared.ForgetAfter(exception);
}
