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
    /// <param name="frame">What stands around its members.</param>
    internal static TripBatch For(NpgsqlConnection connection, Trip trip, TripFrame frame)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        var all = batch.BatchCommands;
        var before = 0;
        var framed = trip.Shape != TripShape.Alone || !trip.Context.IsEmpty;
        if (framed)
        {
            all.Add(new NpgsqlBatchCommand(trip.Shape switch
            {
                TripShape.ReadGroup => TripFrame.BeginRead,
                // One that has no company runs as it would alone, by the role's own defaults.
                TripShape.WriteGroup => trip.Members.Length > 1 ? TripFrame.BeginWrite : TripFrame.Begin,
                TripShape.Alone or TripShape.Keyed => TripFrame.Begin,
            }));
            before = AddContext(all, trip.Context);
        }
        switch (trip.Shape)
        {
            case TripShape.ReadGroup: all.Add(new NpgsqlBatchCommand(frame.OpenRead)); break;
            case TripShape.WriteGroup:
                // The barrier makes the server send the id before it works on the members; without it the id would come with the answer of COMMIT.
                all.Add(new NpgsqlBatchCommand(trip.Members.Length > 1 ? frame.OpenWrite : TripFrame.OpenSingleWrite) { AppendErrorBarrier = true });
                all.Add(new NpgsqlBatchCommand(TripFrame.ConstraintsNow));
                break;
            case TripShape.Alone or TripShape.Keyed: break;
        }
        var members = new NpgsqlBatchCommand[trip.Members.Length];
        var findsPrepared = StatementBinder.FindsPrepared(trip.Context);
        for (var i = 0; i < members.Length; i++)
        {
            all.Add(members[i] = StatementBinder.Make(trip.Members[i].Request.Statement, findsPrepared));
        }
        if (trip.Shape != TripShape.Alone)
        {
            all.Add(new NpgsqlBatchCommand(TripFrame.Clock));
        }
        if (framed)
        {
            all.Add(new NpgsqlBatchCommand(TripFrame.Commit));
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
