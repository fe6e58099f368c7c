using System.Collections.Immutable;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Running;

/// <summary>
/// Statements outside a transaction: one is an errand, which may share a round trip with those of others; several are a unit, one
/// transaction in one round trip.
/// </summary>
internal sealed class ErrandRoute : StatementRoute
{
    private static readonly Func<object, ImmutableArray<StepResult>> Read = static answer => ResultsOf((ErrandCompleted)answer);

    private readonly BrokerClient _client;
    private readonly string _database;

    internal ErrandRoute(BrokerClient client, string database) => (_client, _database) = (client, database);

    internal override ValueTask<ImmutableArray<StepResult>> RunAsync(ImmutableArray<Statement> statements,
        CancellationToken cancellation) =>
        _client.Sender.RunAsync(
            _database, statements[0], statements.Length == 1 ? null : new ErrandUnit(statements.RemoveAt(0)), _client.Terms, Read,
                cancellation);

    internal override async ValueTask<RowChunks> OpenAsync(Statement statement, CancellationToken cancellation) =>
        await StreamChunks.OpenAsync(_client, _database, statement, cancellation).ConfigureAwait(false);

    private static ImmutableArray<StepResult> ResultsOf(ErrandCompleted completed) =>
        completed.More.IsEmpty ? [ResultOf(completed)] : [ResultOf(completed), .. completed.More.Select(ResultOf)];

    private static StepResult ResultOf(ErrandCompleted completed) => new(completed.Affected, completed.Rows);
}
