using Broker.Client.Protocol.Values;
using Broker.Settlement;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands.Keyed;

/// <summary>The first round trip, and which of its commands are the ones that matter.</summary>
/// <param name="Batch">All of it.</param>
/// <param name="Claim">Takes the key.</param>
/// <param name="Statement">The errand's own statement.</param>
/// <param name="SettingsBefore">Results with rows between the opening one and the errand's: those of its context.</param>
internal sealed record KeyedFirst(NpgsqlBatch Batch, NpgsqlBatchCommand Claim, NpgsqlBatchCommand Statement, int SettingsBefore);

/// <summary>
/// One errand with a key as the statements that carry it: <c>BEGIN; id; claim; context; statement</c>, and when its answer is known
/// <c>record; COMMIT</c>. The ledger is written as the pool's own user, whatever role and search path the statement runs under.
/// </summary>
internal sealed class KeyedWrite
{
    private const string Open =
        "select pg_catalog.pg_current_xact_id(), pg_catalog.current_setting('role'), pg_catalog.current_setting('search_path')";
    private const string Restore = "select pg_catalog.set_config('role', $1, true), pg_catalog.set_config('search_path', $2, true)";

    private readonly LedgerStatements _ledger;

    internal KeyedWrite(Errand errand, LedgerStatements ledger)
    {
        Errand = errand;
        Key = errand.Request.Limits.IdempotencyKey!;
        Fingerprint = LedgerFingerprint.Of(errand.Request.Statement, errand.Request.Context);
        _ledger = ledger;
    }

    internal Errand Errand { get; }

    internal string Key { get; }

    /// <summary>What is asked under the key.</summary>
    internal long Fingerprint { get; }

    /// <summary>Whether its answer passed its limit; what the server says afterwards is about the rest of it being cancelled.</summary>
    internal bool IsTooLarge { get; private set; }

    private CallerContext Context => Errand.Request.Context;

    /// <summary>Everything up to the errand's statement.</summary>
    internal KeyedFirst First(NpgsqlConnection connection)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        var all = batch.BatchCommands;
        all.Add(new(TripFrame.Begin));
        all.Add(new(Open));
        // A claim waits for whoever holds the key, and its caller's patience counts then too.
        var settings = Add(all, Context.StatementTimeout is { } patience ? ContextStatements.For(new(StatementTimeout: patience)) : []);
        var claim = StatementBinder.Make(_ledger.Claim(Key, Fingerprint));
        all.Add(claim);
        settings += Add(all, ContextStatements.For(Context));
        var statement = StatementBinder.Make(Errand.Request.Statement, StatementBinder.FindsPrepared(Context) && !Errand.RunsAgain);
        all.Add(statement);
        return new(batch, claim, statement, settings);
    }

    /// <summary>Sends the first round trip and reads its answers; null when the statement's own is larger than its limit.</summary>
    internal async Task<KeyedStep.Written?> ReadFirstAsync(KeyedFirst first, RowReader rows, long limit)
    {
        ulong transaction;
        string role, path;
        RowSet answer;
        await using (var reader = await first.Batch.ExecuteReaderAsync())
        {
            await reader.ReadAsync();
            (transaction, role, path) = (reader.GetFieldValue<ulong>(0), reader.GetString(1), reader.GetString(2));
            var more = await reader.NextResultAsync();
            for (var i = 0; i < first.SettingsBefore; i++)
            {
                more = await reader.NextResultAsync();
            }
            if (!more)
            {
                answer = RowSet.Empty;
            }
            else if (await rows.ReadAsync(reader, Errand.Facts.Text, limit) is { } read)
            {
                answer = read;
                await reader.NextResultAsync();
            }
            else
            {
                IsTooLarge = true;
                await Task.Run(first.Batch.Cancel);
                return null;
            }
        }
        return new(transaction, new(Errand.Facts.Verb, first.Statement.RecordsAffected, answer), role, path);
    }

    /// <summary>What the statement answered goes beside its key, and all of it is committed.</summary>
    internal NpgsqlBatch Second(NpgsqlConnection connection, KeyedStep.Written written)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        if (!Context.IsEmpty || Errand.Facts.Travel == Travel.AloneThenReset)
        {
            batch.BatchCommands.Add(StatementBinder.Make(new(Restore,
                [new Parameter<string>(written.Role), new Parameter<string>(written.SearchPath)])));
        }
        if (LedgerReply.Record(written.Answer) is { } result)
        {
            batch.BatchCommands.Add(StatementBinder.Make(_ledger.Record(Key, result)));
        }
        batch.BatchCommands.Add(new(TripFrame.Commit));
        return batch;
    }

    private static int Add(NpgsqlBatchCommandCollection all, IEnumerable<NpgsqlBatchCommand> settings)
    {
        var count = 0;
        foreach (var setting in settings)
        {
            all.Add(setting);
            count++;
        }
        return count;
    }
}
