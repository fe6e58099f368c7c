using System.Collections.Concurrent;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>Asks the server, within the conversation that needs the answer.</summary>
internal delegate ValueTask<RowSet> AskCatalogue(Statement statement, CancellationToken cancellation);

/// <summary>The maps of one database as one user sees it. Each type is asked for once; any number of threads may ask.</summary>
internal sealed class EntityCatalogue
{
    private ConcurrentDictionary<Type, EntityMap> _maps = new();

    /// <summary>The map of a type, if it is known already.</summary>
    internal EntityMap? Find(Type type) => _maps.GetValueOrDefault(type);

    /// <summary>The map of a type; throws <c>EntityRefused</c>.</summary>
    internal ValueTask<EntityMap> GetAsync(Type type, AskCatalogue ask, CancellationToken cancellation) =>
        _maps.TryGetValue(type, out var known) ? new(known) : LearnAsync(EntityType.Of(type), ask, cancellation);

    /// <summary>Forgets everything: a table has changed. Maps already handed out stay as they are.</summary>
    internal void Forget() => _maps = new();

    /// <summary>Whether a failure says that a table is not as it was learned, so that all is to be forgotten.</summary>
    internal static bool IsOutdatedBy(Failure failure) =>
        failure is StatementFailed { ServerSqlState: "42703" or "42P01" or "42804" or "42704" or "42883" or "3F000" or "0A000" or "428C9"
            or "42P10" } or NullRefused;

    private async ValueTask<EntityMap> LearnAsync(EntityType type, AskCatalogue ask, CancellationToken cancellation)
    {
        // what was learned before it was told to forget is not kept
        var maps = _maps;
        var map = EntityBinding.Bind(type, TableQuery.Read(await ask(TableQuery.For(type), cancellation).ConfigureAwait(false)));
        return maps.GetOrAdd(type.Type, map);
    }
}
