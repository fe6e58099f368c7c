using System.Globalization;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Broker.Errands;
using Broker.Statements;
using Npgsql;

namespace Broker.Sessions.Work;

/// <summary>What a command of a batch is for.</summary>
internal enum Part
{
    /// <summary>BEGIN and the context behind it.</summary>
    Opening,
    /// <summary>The savepoint of the steps' own.</summary>
    Savepoint,
    /// <summary>A step.</summary>
    Step,
    /// <summary>What answers the transaction's id.</summary>
    Id,
    /// <summary>What fails where the transaction has failed or never began.</summary>
    Guard,
    /// <summary>The row of the ledger.</summary>
    Claim,
    /// <summary>COMMIT.</summary>
    Commit,
    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>Statements of one round trip, in the order in which the server runs them, and what each is for.</summary>
internal sealed class WorkBatch : IAsyncDisposable
{
    internal const string OwnSavepoint = "broker_command";
    internal const string Commit = TripFrame.Commit;
    private const string Mark = "broker.write";
    // The barrier makes the server send the id before it works on the steps; without it the id would come with the answer of COMMIT.
    private const string OpenCommit = $"SELECT pg_catalog.pg_current_xact_id(), pg_catalog.set_config('{Mark}', 'open', true)";
    // Behind the barrier: had BEGIN failed, the steps would be a transaction of their own, and committed.
    private const string IsOpen = $"SELECT 1 / COALESCE(CAST(pg_catalog.current_setting('{Mark}', true) = 'open' AS pg_catalog.int4), 0)";
    private const string AssignedId = "SELECT pg_catalog.pg_current_xact_id_if_assigned()";

    private readonly NpgsqlBatch _batch;
    private readonly List<(Part Part, int Step)> _parts = [];
    private readonly List<string> _texts = [];

    internal WorkBatch(NpgsqlConnection connection) => _batch = new(connection) { Timeout = 0 };

    /// <summary>Whether it has no statement.</summary>
    internal bool IsEmpty => _parts.Count == 0;

    /// <summary>Whether COMMIT is in it.</summary>
    internal bool Commits => _parts.Count > 0 && _parts[^1].Part == Part.Commit;

    /// <summary>How many commands it has.</summary>
    internal int Count => _parts.Count;

    internal void Add(Part part, NpgsqlBatchCommand command, int step = -1)
    {
        _batch.BatchCommands.Add(command);
        _parts.Add((part, step));
        _texts.Add(command.CommandText);
    }

    internal void Add(Part part, string text) => Add(part, new NpgsqlBatchCommand(text));

    /// <summary>BEGIN as the terms say, and the context behind it.</summary>
    internal void AddOpening(TransactionVerbs verbs, ConversationTerms terms)
    {
        foreach (var text in verbs.Begin(terms))
        {
            Add(Part.Opening, text);
        }
        foreach (var setting in ContextStatements.For(terms.Context))
        {
            Add(Part.Opening, setting);
        }
    }

    internal void AddStep(StatementStep step, int number, bool findsPrepared) =>
        Add(Part.Step, StatementBinder.Make(step.Statement, findsPrepared), number);

    /// <summary>Asks for the id before anything else is done, so that it is known when the connection is lost from here on.</summary>
    internal void AddOpenCommit()
    {
        Add(Part.Id, new NpgsqlBatchCommand(OpenCommit) { AppendErrorBarrier = true });
        Add(Part.Guard, IsOpen);
    }

    /// <summary>Asks for the id if there is one; fails where the transaction has failed.</summary>
    internal void AddAssignedId(bool barrier = false) => Add(Part.Id, new NpgsqlBatchCommand(AssignedId) { AppendErrorBarrier = barrier });

    /// <summary>Sends it.</summary>
    internal Task<NpgsqlDataReader> SendAsync() => _batch.ExecuteReaderAsync();

    /// <summary>Asks the server to cancel; blocks the calling thread.</summary>
    internal void Cancel() => _batch.RequestCancel();

    /// <summary>
    /// Which command a reader's current result belongs to, not before <paramref name="from"/>; their number when there is none. Those
    /// before it are complete, and show what the server said that it did. So is one whose result has no rows: then it is the last of them.
    /// </summary>
    internal int Current(NpgsqlDataReader reader, int from)
    {
        var (next, last) = (from, -1);
        for (; next < _parts.Count; next++)
        {
            if (_batch.BatchCommands[next].StatementType != StatementType.Unknown)
            {
                last = next;
            }
            // One that is blank has no tag, before it is complete or behind.
            else if (!StatementShape.IsBlank(_texts[next]))
            {
                break;
            }
        }
        return last >= 0 && reader is { HasRows: false, FieldCount: > 0 } ? last : next;
    }

    internal (Part Part, int Step) PartAt(int index) => _parts[index];

    internal string TextAt(int index) => _texts[index];

    /// <summary>What the server refused; nothing when that is not known.</summary>
    internal (Part Part, int Step)? PartOf(PostgresException error) =>
        error.BatchCommand is { } failed && _batch.BatchCommands.IndexOf((NpgsqlBatchCommand)failed) is var index and >= 0
            ? _parts[index]
            : null;

    /// <summary>Rows inserted, updated, deleted or merged by a command that is complete; -1 for others.</summary>
    internal long Affected(int index) =>
        _batch.BatchCommands[index] is { StatementType: not StatementType.Select } command ? command.RecordsAffected : -1;

    /// <summary>The command tag's verb of a command that is complete.</summary>
    internal string VerbAt(int index)
    {
        // Npgsql does not tell all tags apart.
        var word = _batch.BatchCommands[index].StatementType is var type and not (StatementType.Other or StatementType.Unknown)
            ? type.ToString()
            : StatementShape.Of(_texts[index]).Verb.ToString();
        return word.ToUpper(CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => _batch.DisposeAsync();
}
