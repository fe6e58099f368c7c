using Broker.Client.Protocol.Values;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// The statements of one trip in the order in which the server runs them (`errands.md`: the shape of a trip). Errands travel as batch commands
/// also when alone: a plain command would let `select 1; begin` through.
/// </summary>
internal sealed class TripBatch
{
    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlBatchCommand[] _members;

    private TripBatch(NpgsqlBatch batch, NpgsqlBatchCommand[] members, int answersBefore)
    {
        _batch = batch;
        _members = members;
        AnswersBefore = answersBefore;
    }

    /// <summary>How many results with rows the server sends before the first member's: those of the context.</summary>
    internal int AnswersBefore { get; }

    /// <summary>Puts the trip together.</summary>
    /// <param name="connection">The connection it goes on.</param>
    /// <param name="trip">The trip.</param>
    /// <param name="commands">Where the connection's commands are made.</param>
    /// <param name="lockTimeout">The expression that sets lock_timeout for the transaction.</param>
    internal static TripBatch For(NpgsqlConnection connection, Trip trip, StatementCommands commands, string lockTimeout)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        var all = batch.BatchCommands;
        var before = 0;
        var members = new NpgsqlBatchCommand[trip.Members.Length];
        var framed = trip.Shape != TripShape.Alone || !trip.Context.IsEmpty;
        if (framed)
        {
            all.Add(new NpgsqlBatchCommand(trip.Shape switch
            {
                TripShape.ReadGroup => "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
                TripShape.WriteGroup => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
                TripShape.Alone => "BEGIN",
            }));
            before = AddContext(all, trip.Context);
        }
        switch (trip.Shape)
        {
            case TripShape.ReadGroup:
                all.Add(new NpgsqlBatchCommand($"SELECT clock_timestamp(), {lockTimeout}"));
                break;
            case TripShape.WriteGroup:
                // The barrier makes the server send the id before it works on the members; without it the id would come with the answer of COMMIT.
                all.Add(new NpgsqlBatchCommand($"SELECT clock_timestamp(), {(members.Length > 1 ? lockTimeout : "0")}, pg_current_xact_id()") { AppendErrorBarrier = true });
                all.Add(new NpgsqlBatchCommand("SET CONSTRAINTS ALL IMMEDIATE"));
                break;
        }
        for (var i = 0; i < members.Length; i++)
        {
            all.Add(members[i] = commands.Rent(trip.Members[i].Request.Statement));
        }
        if (trip.Shape != TripShape.Alone)
        {
            // What a statement costs is measured on the server's own clock: COMMIT's flush of the log, the way and the client's load do not count.
            all.Add(new NpgsqlBatchCommand("SELECT clock_timestamp()"));
        }
        if (framed)
        {
            all.Add(new NpgsqlBatchCommand("COMMIT"));
        }
        return new(batch, members, before);
    }

    /// <summary>Sends the trip.</summary>
    internal Task<NpgsqlDataReader> SendAsync() => _batch.ExecuteReaderAsync();

    /// <summary>
    /// Asks the server to cancel what it is doing. Npgsql does so over a connection of its own and blocks the calling thread for it, so this
    /// takes one from the pool for that moment.
    /// </summary>
    internal Task CancelAsync() => Task.Run(_batch.Cancel);

    /// <summary>Rows inserted, updated, deleted or merged by a member whose command is complete; -1 for others.</summary>
    internal int Affected(int member) => _members[member].RecordsAffected;

    /// <summary>Which member the server's error is about; -1 for what stands before them, the number of members for COMMIT.</summary>
    internal int IndexOf(PostgresException error)
    {
        if (error.BatchCommand is not { } failed)
        {
            return -1;
        }
        var index = Array.IndexOf(_members, failed);
        return index >= 0 ? index : ReferenceEquals(failed, _batch.BatchCommands[^1]) ? _members.Length : -1;
    }

    /// <summary>Gives the commands back to be used again.</summary>
    internal void Recycle(StatementCommands commands)
    {
        foreach (var member in _members)
        {
            commands.Return(member);
        }
    }

    private static int AddContext(NpgsqlBatchCommandCollection all, CallerContext context)
    {
        if (context.IsEmpty)
        {
            return 0;
        }
        var count = all.Count;
        foreach (var command in ContextStatements.For(context))
        {
            all.Add(command);
        }
        return all.Count - count;
    }
}
