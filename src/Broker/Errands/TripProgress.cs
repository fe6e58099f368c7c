using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol.Messages;
using Broker.Statements;

namespace Broker.Errands;

/// <summary>How far a trip has come, and which of its members were answered. Belongs to the one task that runs the trip.</summary>
internal sealed class TripProgress
{
    private ImmutableArray<(IActorRef, IBrokerReply)>.Builder? _due;
    private ImmutableArray<(Errand, Failure)>.Builder? _refused;
    private Dictionary<int, Failure?>? _unreadable;
    // What the statements behind the first of a unit answered, by member.
    private ErrandCompleted?[]?[]? _more;
    private int _told;

    /// <param name="trip">The trip.</param>
    /// <param name="carriers">The statements that carry its members.</param>
    /// <param name="started">When it began, as a TimeProvider timestamp.</param>
    internal TripProgress(Trip trip, ImmutableArray<Carrier> carriers, long started)
    {
        Trip = trip;
        Carriers = carriers;
        Started = started;
        IsFramed = TripBatch.IsFramed(trip, carriers);
        Answers = new ErrandCompleted?[trip.Members.Length];
        Told = new bool[trip.Members.Length];
    }

    internal Trip Trip { get; }

    /// <summary>The statements that carry the members.</summary>
    internal ImmutableArray<Carrier> Carriers { get; }

    internal long Started { get; }

    /// <summary>Whether BEGIN and COMMIT stand around the members.</summary>
    internal bool IsFramed { get; }

    /// <summary>What each member was answered by the server, as far as it was read; of a unit what its first statement was.</summary>
    internal ErrandCompleted?[] Answers { get; }

    /// <summary>How large the rows were that the present member was answered, in bytes.</summary>
    internal long BytesRead { get; set; }

    /// <summary>Who was told.</summary>
    internal bool[] Told { get; }

    /// <summary>How many members are known to be complete: all before the one that runs.</summary>
    internal int CompletedCount { get; private set; }

    internal ulong? TransactionId { get; set; }

    /// <summary>How long the server worked on the members.</summary>
    internal TimeSpan Work { get; set; }

    /// <summary>Why the rest of the answers is not read; null when it is.</summary>
    internal FoldedEnd? CutShort { get; set; }

    /// <summary>Texts whose answers are too large to share a trip.</summary>
    internal ImmutableArray<(string Text, StatementClass Class)> TooLargeForGroup { get; set; } = [];

    /// <summary>The carrier whose answer is awaited; behind all members when all are complete.</summary>
    internal Carrier Executing
    {
        get
        {
            foreach (var carrier in Carriers)
            {
                if (CompletedCount < carrier.End)
                {
                    return carrier;
                }
            }
            return CarrierOf(Carriers.Length);
        }
    }

    /// <summary>The carrier of this number; one before or behind all members for numbers beyond.</summary>
    internal Carrier CarrierOf(int number) =>
        number < 0 ? new(-1, 1) : number < Carriers.Length ? Carriers[number] : new(Trip.Members.Length, 1);

    /// <summary>How large the rows were that the statements before this one of the same unit answered, in bytes.</summary>
    internal long BytesBefore(Carrier carrier) => carrier.Number == 0 ? 0 : BytesRead;

    /// <summary>A statement answers without rows. Whether it is complete is not known yet.</summary>
    internal void SentNoRows(Carrier carrier, ErrandCompleted answer) => Keep(carrier, answer);

    /// <summary>A statement's result is complete; null when its rows were too many to be kept.</summary>
    internal void Completed(Carrier carrier, ErrandCompleted? answer)
    {
        Keep(carrier, answer);
        Count(carrier);
        if (Trip.Shape == TripShape.ReadGroup)
        {
            Tell(carrier.First, answer!);
        }
    }

    /// <summary>A statement's result is complete, but a value in it cannot be read.</summary>
    /// <param name="carrier">The statement of one member.</param>
    /// <param name="failure">What to tell its caller; null when it runs again instead.</param>
    internal void CompletedUnreadable(Carrier carrier, Failure? failure)
    {
        Count(carrier);
        var member = carrier.First;
        (_unreadable ??= []).TryAdd(member, failure);
        if (Trip.Shape == TripShape.ReadGroup && failure is not null)
        {
            Tell(member, new Refused(failure));
        }
    }

    /// <summary>
    /// Whether a member's result could not be read, and what to tell its caller then; null in it when it runs again instead.
    /// </summary>
    internal bool IsUnreadable(int member, out Failure? failure)
    {
        failure = null;
        return _unreadable is not null && _unreadable.TryGetValue(member, out failure);
    }

    /// <summary>The whole answer of a member whose statements are complete; null when its rows were too many to be kept.</summary>
    /// <param name="member">The member.</param>
    /// <param name="carrier">The statement that carries it; the first of a unit's.</param>
    /// <param name="batch">The trip's.</param>
    internal ErrandCompleted? AnswerOf(int member, int carrier, TripBatch batch)
    {
        if (Answers[member] is not { } first)
        {
            return null;
        }
        var transaction = Trip.Members[member].IsUnit ? TransactionId ?? 0 : 0;
        var answer = first with { Affected = batch.Affected(carrier), TransactionId = transaction };
        var count = Trip.Members[member].More.Length;
        if (count == 0)
        {
            return answer;
        }
        var more = ImmutableArray.CreateBuilder<ErrandCompleted>(count);
        for (var i = 0; i < count && _more?[member]?[i] is { } next; i++)
        {
            more.Add(next with { Affected = batch.Affected(carrier + 1 + i) });
        }
        return more.Count == count ? answer with { More = more.MoveToImmutable() } : null;
    }

    /// <summary>Each member with its answer, if all of that was read.</summary>
    internal ImmutableArray<(Errand, ErrandCompleted?)> AnswersSoFar(TripBatch? batch)
    {
        var answers = ImmutableArray.CreateBuilder<(Errand, ErrandCompleted?)>(Trip.Members.Length);
        var carrier = 0;
        for (var i = 0; i < Trip.Members.Length; carrier += Trip.Members[i++].Statements)
        {
            answers.Add((Trip.Members[i], i < CompletedCount && batch is not null ? AnswerOf(i, carrier, batch) : null));
        }
        return answers.MoveToImmutable();
    }

    private void Keep(Carrier carrier, ErrandCompleted? answer)
    {
        if (carrier.Number == 0)
        {
            Answers[carrier.First] = answer;
        }
        else
        {
            _more ??= new ErrandCompleted?[]?[Trip.Members.Length];
            (_more[carrier.First] ??= new ErrandCompleted?[Trip.Members[carrier.First].More.Length])[carrier.Number - 1] = answer;
        }
    }

    private void Count(Carrier carrier) =>
        CompletedCount = carrier.First + (carrier.Number == Trip.Members[carrier.First].More.Length ? 1 : 0);

    internal void AllCompleted() => CompletedCount = Answers.Length;

    /// <summary>
    /// Answers a member when the trip is over: who hears of it earlier comes back while the connection is still busy, and the next trip
    /// leaves with the first of them instead of all.
    /// </summary>
    internal void Tell(int member, IBrokerReply reply)
    {
        Told[member] = true;
        _told++;
        if (reply is Refused refused)
        {
            (_refused ??= ImmutableArray.CreateBuilder<(Errand, Failure)>()).Add((Trip.Members[member], refused.Failure));
        }
        (_due ??= ImmutableArray.CreateBuilder<(IActorRef, IBrokerReply)>(Trip.Members.Length)).Add((Trip.Members[member].Caller, reply));
    }

    internal ImmutableArray<(IActorRef, IBrokerReply)> Due() => _due?.DrainToImmutable() ?? [];

    /// <summary>Who was refused, and why.</summary>
    internal ImmutableArray<(Errand, Failure)> Refused() => _refused?.ToImmutable() ?? [];

    internal ImmutableArray<Errand> NotTold() => _told == Told.Length ? [] : [.. Trip.Members.Where((_, i) => !Told[i])];
}
