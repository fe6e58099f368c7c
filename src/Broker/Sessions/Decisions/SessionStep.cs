using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions.Decisions;

/// <summary>A state on its way to the next one, with what is to be done so far (latest on top).</summary>
internal readonly record struct SessionStep(SessionState State, ImmutableStack<ISessionEffect> Effects, TimeSpan Now)
{
    internal static SessionStep From(SessionState state, TimeSpan now) => new(state, [], now);

    internal SessionStep With(SessionState state) => this with { State = state };

    internal SessionStep Do(ISessionEffect effect) => this with { Effects = Effects.Push(effect) };

    internal SessionStep Put(Member member)
    {
        for (var i = 0; i < State.Members.Length; i++)
        {
            if (State.Members[i].Id == member.Id)
            {
                return With(State with { Members = State.Members.SetItem(i, member) });
            }
        }
        return this;
    }

    /// <summary>Answers a command, and keeps the reply until its handle has seen it.</summary>
    internal SessionStep Answer(Pending pending, ISessionReply reply, long bytes = 0)
    {
        var step = pending.Command is Commit ? Do(new SessionEffects.CommitEnded(reply)) : this;
        if (pending.IsUpkeep)
        {
            return step;
        }
        var member = State.Find(pending.Handle);
        var answer = new SessionAnswer(State.Id, pending.Handle, pending.Sequence, State.Epoch, reply)
        {
            StaleTables = member?.Stale ?? [], Shared = State.Members.Length > 1, Failed = State.Transaction?.Failed,
        };
        step = member is not null
            ? step.Put((member with { Stale = [] }).Keep(KeptReply.Of(answer, pending.Command is Commit, bytes), State.Limits))
            : pending.Command is Commit
                ? step.Do(new SessionEffects.KeepOutcome(pending.Handle, pending.Login, pending.Sequence, KeptReply.WithoutResults(reply)))
                : step;
        return step.Do(new SessionEffects.Answer(pending.ReplyTo, answer));
    }

    internal SessionStep Refuse(Pending pending, Failure failure, int? atStep = null) =>
        Answer(pending, new CommandRefused(failure) { Step = atStep });

    /// <summary>The command's turn is over.</summary>
    internal SessionStep EndTurn() => With(State with { Running = null, Work = null, ActiveAt = Now });

    /// <summary>Something happened that all handles must look at before they go on.</summary>
    internal SessionStep Move(MovedBy how, HandleId? by)
    {
        var epoch = State.Epoch.Next;
        var others = State.Members.Any(member => member.Id != by);
        var moves = others ? State.Moves.Add(new(epoch, how, by)) : State.Moves;
        return With(State with { Epoch = epoch, Moves = moves.Length > SessionState.MovesKept ? moves.RemoveAt(0) : moves });
    }

    /// <summary>Returns the connection.</summary>
    internal SessionStep GiveBack(bool rollback, bool spoilt = false, bool broken = false) => State.Link == Link.Lent
        ? With(State with { Link = Link.Returning }).Do(new SessionEffects.GiveBack(rollback, spoilt, broken))
        : this;

    /// <summary>
    /// Every use is refused from now on until the transaction is rolled back. Where no scope can be rolled back the server ends it at once.
    /// </summary>
    internal SessionStep Fail(Failure cause, bool isOnServer)
    {
        var failed = (State.Transaction ?? Transaction.Begun) with { Failed = cause };
        if (!isOnServer || failed.Scopes.IsEmpty)
        {
            failed = failed with { Scopes = [], Cursors = [], Spent = [] };
            return With(State with { Transaction = failed }).GiveBack(rollback: isOnServer);
        }
        return With(State with { Transaction = failed });
    }

    internal SessionDecision End()
    {
        if (Effects.IsEmpty)
        {
            return new SessionDecision(State, []);
        }
        var count = 0;
        for (var rest = Effects; !rest.IsEmpty; rest = rest.Pop())
        {
            count++;
        }
        var inOrder = new ISessionEffect[count];
        for (var rest = Effects; !rest.IsEmpty; rest = rest.Pop())
        {
            inOrder[--count] = rest.Peek();
        }
        return new SessionDecision(State, ImmutableCollectionsMarshal.AsImmutableArray(inOrder));
    }
}
