using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Messages;

/// <summary>
/// Opens a stream of rows that runs alone on a connection lent for its time. Answered by <see cref="StreamOpened"/> or
/// <see cref="Refused"/>; rows come as <see cref="StreamRows"/>, as many chunks as were asked for by <see cref="DemandChunks"/>.
/// </summary>
/// <param name="Id">Names the stream.</param>
/// <param name="Source">A statement that returns rows, or a COPY.</param>
/// <param name="Context">Role, search path and settings that hold for the stream only.</param>
/// <param name="Limits">How long it may wait in line.</param>
public sealed record OpenStream(ErrandId Id, StreamSource Source, CallerContext Context, ErrandLimits Limits) : IBrokerRequest;

/// <summary>What a stream carries.</summary>
public abstract record StreamSource(Statement Statement);

/// <summary>Rows of a query, in chunks.</summary>
public sealed record QueryRows(Statement Statement) : StreamSource(Statement);

/// <summary>The bytes of `COPY ... TO STDOUT`, in chunks.</summary>
public sealed record CopyOut(Statement Statement) : StreamSource(Statement);

/// <summary>The bytes of `COPY ... FROM STDIN`, sent by <see cref="SendCopyData"/>.</summary>
public sealed record CopyIn(Statement Statement) : StreamSource(Statement);

/// <summary>The stream is open.</summary>
/// <param name="Id">Which stream.</param>
/// <param name="Stream">
/// Send it <see cref="DemandChunks"/>, <see cref="SendCopyData"/>, <see cref="FinishCopy"/>, <see cref="CloseStream"/>.
/// </param>
public sealed record StreamOpened(ErrandId Id, IActorRef Stream) : IBrokerReply
{
    /// <summary>
    /// Whether its text shows that nothing is changed: a plain query that calls no function. What becomes of others is unknown when the
    /// link is lost near their end, since the last of their rows is followed by COMMIT.
    /// </summary>
    public bool OnlyReads { get; init; }
}

/// <summary>
/// Allows the stream to send this many more chunks. Nothing is read from the server beyond what was allowed, plus one chunk. What is
/// allowed at a time is bounded by `broker.errands.stream.chunks-ahead`; more is not counted.
/// </summary>
public sealed record DemandChunks(ErrandId Id, int Count) : IBrokerRequest, IDeadLetterSuppression;

/// <summary>One chunk of rows. There is always a first one, for its columns; it is empty when there are no rows.</summary>
public sealed record StreamRows(ErrandId Id, RowSet Rows) : IBrokerReply;

/// <summary>One chunk of COPY data, as the server sent it. The bytes are the message's own and are never changed.</summary>
public sealed record StreamBytes(ErrandId Id, ReadOnlyMemory<byte> Bytes) : IBrokerReply;

/// <summary>Sends one chunk of COPY data. Answered by <see cref="CopyDataTaken"/> when the next may be sent.</summary>
public sealed record SendCopyData(ErrandId Id, ReadOnlyMemory<byte> Bytes) : IBrokerRequest;

/// <summary>The chunk was written to the server: send the next.</summary>
public sealed record CopyDataTaken(ErrandId Id) : IBrokerReply;

/// <summary>Ends the COPY. Answered by <see cref="StreamEnded"/> with the number of rows, or <see cref="Refused"/>.</summary>
public sealed record FinishCopy(ErrandId Id) : IBrokerRequest;

/// <summary>The stream is complete and its connection has gone back.</summary>
/// <param name="Id">Which stream.</param>
/// <param name="Rows">Rows sent, or copied; -1 when the server did not say.</param>
public sealed record StreamEnded(ErrandId Id, long Rows) : IBrokerReply;

/// <summary>Gives the stream up: the query is cancelled, a COPY in is rolled back. Not answered.</summary>
public sealed record CloseStream(ErrandId Id) : IBrokerRequest, IDeadLetterSuppression;
