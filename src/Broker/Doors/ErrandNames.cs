using System.Security.Cryptography;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;

namespace Broker.Doors;

/// <summary>
/// What the broker calls the errands and streams of one remote client, which names them itself: whatever name it gives, it can mean its own
/// only. It cannot choose one that another client, or the broker itself, has given.
/// </summary>
internal sealed class ErrandNames
{
    private readonly long _own = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    /// <summary>A request as the broker gets it.</summary>
    /// <exception cref="MalformedMessageException">It is named as the broker's own are.</exception>
    internal object Inward(object request) => request switch
    {
        RunErrand errand => errand with { Id = Inward(errand.Id) },
        CancelErrand cancel => new CancelErrand(Inward(cancel.Id)),
        OpenStream open => open with { Id = Inward(open.Id) },
        DemandChunks demand => demand with { Id = Inward(demand.Id) },
        SendCopyData data => data with { Id = Inward(data.Id) },
        FinishCopy finish => new FinishCopy(Inward(finish.Id)),
        CloseStream close => new CloseStream(Inward(close.Id)),
        _ => request,
    };

    /// <summary>An answer as the client gets it.</summary>
    internal object Outward(object answer) => answer switch
    {
        StreamOpened opened => opened with { Id = Turned(opened.Id) },
        StreamRows rows => rows with { Id = Turned(rows.Id) },
        StreamBytes bytes => bytes with { Id = Turned(bytes.Id) },
        CopyDataTaken taken => new CopyDataTaken(Turned(taken.Id)),
        StreamEnded ended => ended with { Id = Turned(ended.Id) },
        _ => answer,
    };

    // A client may learn what its names are turned into, as from a path in a failure. So it could find the one that leads to the broker's
    // own.
    private ErrandId Inward(ErrandId id) =>
        Turned(id) is { Client: not 0 } turned ? turned : throw new MalformedMessageException($"no client calls an errand {id}");

    private ErrandId Turned(ErrandId id) => id with { Client = id.Client ^ _own };
}
