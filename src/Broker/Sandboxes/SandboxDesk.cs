using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Sandboxes;

/// <summary>Who asked for a turn: a borrower of the connection, or the caller of an errand.</summary>
/// <param name="Request">The request's name.</param>
/// <param name="Who">Who is answered.</param>
/// <param name="Errand">The errand; null for a borrower.</param>
internal sealed record Asked(ErrandId Request, IActorRef Who, RunErrand? Errand);

/// <summary>
/// Who asked for which turn: <see cref="SandboxTurns"/> knows turns by number only, so that it stays a value. Borrowers are watched for as
/// long as they wait or have the turn. Mutable, and owned by the sandbox's pool.
/// </summary>
/// <param name="context">That of the pool's actor, which hears of the borrowers' deaths.</param>
internal sealed class SandboxDesk(IActorContext context)
{
    private readonly Dictionary<TurnId, Asked> _asked = [];
    private long _last;

    /// <summary>Who asked for a turn that is not over.</summary>
    internal Asked this[TurnId turn] => _asked[turn];

    /// <summary>Takes a request in.</summary>
    internal TurnId Enter(Asked asked)
    {
        if (asked.Errand is null)
        {
            context.Watch(asked.Who);
        }
        var turn = new TurnId(++_last);
        _asked[turn] = asked;
        return turn;
    }

    /// <summary>A turn is over, or will never come. Null when it was over before.</summary>
    internal Asked? Forget(TurnId turn)
    {
        if (_asked.Remove(turn, out var asked) && asked.Errand is null)
        {
            context.Unwatch(asked.Who);
        }
        return asked;
    }

    /// <summary>The turns of a request.</summary>
    internal TurnId[] Of(ErrandId request) => TurnsOf(asked => asked.Request == request);

    /// <summary>The turns of a borrower.</summary>
    internal TurnId[] Of(IActorRef borrower) => TurnsOf(asked => asked.Errand is null && asked.Who.Equals(borrower));

    /// <summary>Tells everybody that it comes to nothing.</summary>
    internal void RefuseAll(Failure failure)
    {
        foreach (var asked in _asked.Values)
        {
            asked.Who.Tell(new Refused(failure), ActorRefs.NoSender);
        }
    }

    private TurnId[] TurnsOf(Func<Asked, bool> isSo) => [.. _asked.Where(one => isSo(one.Value)).Select(static one => one.Key)];
}
