using System.Collections.Immutable;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands;
using Broker.Sessions;
using Npgsql;

namespace Broker.Sandboxes;

/// <summary>
/// What a sandbox itself does on its connection, between its borrowers. Each task ends with why it could not be done, or null, and never
/// throws.
/// </summary>
/// <param name="plan">How work goes.</param>
/// <param name="connection">The connection.</param>
internal sealed class SandboxRun(SessionPlan plan, NpgsqlConnection connection)
{
    private static readonly TimeSpan UseSeenAgainAfter = TimeSpan.FromMilliseconds(20);

    /// <summary>Begins the outer transaction.</summary>
    internal Task<string?> BeginAsync(Isolation isolation) => TryAsync(() => SendAsync(TransactionVerbs.BeginSandbox(isolation)));

    /// <summary>
    /// Rolls back what the last holder did not commit, and proves that the outer transaction is still there: had it been ended, the
    /// savepoint would be gone with it.
    /// </summary>
    internal Task<string?> ClearAsync() => TryAsync(async () =>
    {
        while ((connection.FullState & (System.Data.ConnectionState.Executing | System.Data.ConnectionState.Fetching)) != 0)
        {
            // A holder that was told at this moment that its turn is over.
            await Task.Delay(UseSeenAgainAfter, plan.Time);
        }
        await ConnectionReset.ProveCleanAsync(connection, plan.Verbs.Rollback);
    });

    private async Task<string?> TryAsync(Func<Task> work)
    {
        try
        {
            await work().WaitAsync(plan.CleanUpLimit, plan.Time);
            return null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            return exception.Cause();
        }
    }

    private async Task SendAsync(ImmutableArray<string> texts)
    {
        await using var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        foreach (var text in texts)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(text));
        }
        await batch.ExecuteNonQueryAsync();
    }
}
