using System.Collections.Immutable;
using Broker.Client.Protocol.Values;
using Broker.Connections;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// The statements of one trip in the order in which the server runs them. Errands travel as batch commands
/// also when alone: a plain command would let `select 1; begin` through.
/// </summary>
internal sealed class TripBatch
{
    // The clock, and COMMIT.
    private const int BehindMembers = 2;

    private readonly NpgsqlBatch _batch;
    private readonly NpgsqlBatchCommand[] _carriers;
    private readonly ImmutableArray<Errand> _members;
    private readonly ImmutableArray<Carrier> _carried;

    private TripBatch(
        NpgsqlBatch batch, NpgsqlBatchCommand[] carriers, ImmutableArray<Errand> members, ImmutableArray<Carrier> carried,
        int answersBefore)
    {
        _batch = batch;
        (_carriers, _members, _carried) = (carriers, members, carried);
        AnswersBefore = answersBefore;
    }

    /// <summary>How many results with rows the server sends before the first member's: those of the context.</summary>
    internal int AnswersBefore { get; }

    /// <summary>
    /// Whether BEGIN and COMMIT stand around the members. A read that answers for all of its trip is a transaction of its own, as each of
    /// them would have been alone.
    /// </summary>
    internal static bool IsFramed(Trip trip, ImmutableArray<Carrier> carriers) =>
        !trip.Context.IsEmpty || (trip.Shape != TripShape.Alone && carriers is not [{ IsFolded: true }]);

    /// <summary>Puts the trip together.</summary>
    /// <param name="connection">The connection it goes on.</param>
    /// <param name="trip">The trip.</param>
    /// <param name="carriers">The statements that carry its members.</param>
    /// <param name="frame">What stands around its members.</param>
    internal static TripBatch For(NpgsqlConnection connection, Trip trip, ImmutableArray<Carrier> carriers, TripFrame frame)
    {
        var batch = new NpgsqlBatch(connection) { Timeout = 0 };
        var all = batch.BatchCommands;
        var framed = IsFramed(trip, carriers);
        var before = framed ? AddOpening(all, trip, frame) : 0;
        var commands = new NpgsqlBatchCommand[carriers.Length];
        for (var i = 0; i < commands.Length; i++)
        {
            all.Add(commands[i] = Make(trip, carriers[i]));
        }
        if (framed)
        {
            if (trip.Shape != TripShape.Alone)
            {
                all.Add(new NpgsqlBatchCommand(trip.Shape == TripShape.WriteGroup ? TripFrame.WriteClock : TripFrame.Clock));
            }
            all.Add(new NpgsqlBatchCommand(TripFrame.Commit));
        }
        return new(batch, commands, trip.Members, carriers, before);
    }

    /// <summary>The values that a carrier's statement is sent with.</summary>
    internal static IEnumerable<NpgsqlParameter> ParametersOf(ImmutableArray<Errand> members, Carrier carrier) => carrier.IsFolded
        ? ParameterArrays.Of(members, carrier)
        : StatementBinder.ParametersOf(members[carrier.First].StatementAt(carrier.Number));

    private static NpgsqlBatchCommand Make(Trip trip, Carrier carrier)
    {
        var first = trip.Members[carrier.First];
        var findsPrepared = StatementBinder.FindsPrepared(trip);
        return carrier.IsFolded
            ? StatementBinder.Make(first.Facts.Folded!, ParameterArrays.Of(trip.Members, carrier), findsPrepared)
            : StatementBinder.Make(first.StatementAt(carrier.Number), findsPrepared);
    }

    private static int AddOpening(NpgsqlBatchCommandCollection all, Trip trip, TripFrame frame)
    {
        all.Add(new NpgsqlBatchCommand(trip.Shape switch
        {
            TripShape.ReadGroup => TripFrame.BeginRead,
            // One that has no company runs as it would alone, by the role's own defaults.
            TripShape.WriteGroup => trip.Members.Length > 1 ? TripFrame.BeginWrite : TripFrame.Begin,
            TripShape.Alone or TripShape.Keyed or TripShape.Barrier => TripFrame.Begin,
        }));
        var before = AddContext(all, trip.Context);
        switch (trip.Shape)
        {
            case TripShape.ReadGroup: all.Add(new NpgsqlBatchCommand(frame.OpenRead)); break;
            case TripShape.WriteGroup:
                // The barrier makes the server send the id before it works on the members; without it the id would come with the answer of
                // COMMIT.
                all.Add(new NpgsqlBatchCommand(trip.Members.Length > 1
                    ? frame.OpenWrite
                    : TripFrame.OpenSingleWrite) { AppendErrorBarrier = true });
                if (trip.Members is not [{ IsUnit: true }])
                {
                    all.Add(new NpgsqlBatchCommand(TripFrame.ConstraintsNow));
                }
                break;
            case TripShape.Alone or TripShape.Keyed or TripShape.Barrier: break;
        }
        return before;
    }

    /// <summary>Sends the trip.</summary>
    internal Task<NpgsqlDataReader> SendAsync() => _batch.ExecuteReaderAsync();

    /// <summary>
    /// Asks the server to cancel what it is doing. Npgsql does so over a connection of its own and blocks the calling thread for it, so
    /// this takes one from the pool for that moment.
    /// </summary>
    internal Task CancelAsync() => Task.Run(_batch.RequestCancel);

    /// <summary>Rows inserted, updated, deleted or merged by a carrier whose command is complete; -1 for others.</summary>
    internal int Affected(int carrier) => _carriers[carrier].RecordsAffected;

    /// <summary>What the server said that it did for a carrier, by its command tag.</summary>
    internal StatementType TagOf(int carrier) => _carriers[carrier].StatementType;

    /// <summary>
    /// Whether a reader that has passed all before a carrier of a write group stands at its rows, and not at a later statement's because it
    /// has none. The reader has heard that the statements which it passed are complete. When there is no row to read it has heard so of the
    /// present one too.
    /// </summary>
    internal bool StandsAt(NpgsqlDataReader reader, int carrier)
    {
        if (IsBlank(carrier))
        {
            return false;
        }
        var next = reader.HasRows ? carrier : carrier + 1;
        while (next < _carriers.Length && IsBlank(next))
        {
            next++;
        }
        var command = next < _carriers.Length ? _carriers[next] : _batch.BatchCommands[^BehindMembers];
        return command.StatementType == StatementType.Unknown;
    }

    private bool IsBlank(int carrier) =>
        !_carried[carrier].IsFolded && _members[_carried[carrier].First].FactsAt(_carried[carrier].Number).IsBlank;

    /// <summary>Which carrier the server's error is about; -1 for what stands before them, the number of carriers for COMMIT.</summary>
    internal int IndexOf(PostgresException error)
    {
        if (error.BatchCommand is not { } failed)
        {
            return -1;
        }
        var index = Array.IndexOf(_carriers, failed);
        return index >= 0 ? index : ReferenceEquals(failed, _batch.BatchCommands[^1]) ? _carriers.Length : -1;
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
