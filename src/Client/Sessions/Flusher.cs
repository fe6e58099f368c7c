using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Broker.Client.Entities;
using Broker.Client.Flushing;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sessions;

/// <summary>
/// Sends what a zone holds: collects it, has it planned, sends the plan with a command, and brings back what the server generated.
/// </summary>
internal sealed class Flusher
{
    /// <summary>How often a commit flushes what hooks add, before it gives up.</summary>
    private const int MostRounds = 100;

    private readonly HoldingZone _zone;
    private readonly SessionLink _link;
    private readonly EntityMaps _maps;
    private readonly SessionHooks _hooks;
    private readonly Hooking _hooking;
    private ImmutableArray<string> _warnings = [];

    internal Flusher(HoldingZone zone, SessionLink link, EntityMaps maps, SessionHooks hooks, Hooking hooking) =>
        (_zone, _link, _maps, _hooks, _hooking) = (zone, link, maps, hooks, hooking);

    /// <summary>What was odd about the flushes of a transaction, without being wrong; told once.</summary>
    internal ImmutableArray<string> TakeWarnings()
    {
        var taken = _warnings;
        _warnings = [];
        return taken;
    }

    /// <summary>Sends what there is to send, and nothing when there is nothing.</summary>
    internal async ValueTask FlushAsync(CancellationToken cancellation)
    {
        if (await PrepareAsync(cancellation).ConfigureAwait(false) is not { } sending)
            return;
        await SendAsync(sending, static steps => new Flush(steps), static (Flushed flushed) => flushed.Results, cancellation)
            .ConfigureAwait(false);
        await _hooking.CallAsync(_hooks.AfterFlush, nameof(_hooks.AfterFlush), committed: false, cancellation).ConfigureAwait(false);
    }

    /// <summary>The same before a query: what fails says that it was not the query.</summary>
    internal async ValueTask AutoflushAsync(CancellationToken cancellation)
    {
        try
        {
            await FlushAsync(cancellation).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is not AutoflushFailed)
        {
            throw new BrokerException(new AutoflushFailed(refused.Failure), refused);
        }
    }

    /// <summary>
    /// Sends what there is to send, with a command that ends or begins something; the command goes also when there is nothing.
    /// </summary>
    internal async ValueTask<T> FlushWithAsync<T>(
        Func<ImmutableArray<FlushStep>, ISessionCommand> command, Func<T, ImmutableArray<StepResult>> results,
            CancellationToken cancellation)
        where T : ISessionReply
    {
        if (_hooks.AfterFlush is not null)
        {
            // What its hook adds must go along, so it is sent ahead.
            for (var round = 0; _zone.Unsent > 0 || round == 0; round++)
            {
                if (round == MostRounds)
                    throw new BrokerException(new SessionHookFailed(_link.Session, nameof(_hooks.AfterFlush),
                        $"hooks have added work in each of {MostRounds} flushes of one commit", Committed: false));
                await FlushAsync(cancellation).ConfigureAwait(false);
            }
        }

        try
        {
            return await PrepareAsync(cancellation).ConfigureAwait(false) is { } sending
                ? await SendAsync(sending, command, results, cancellation).ConfigureAwait(false)
                : await _link.RunAsync<T>(command([]), cancellation).ConfigureAwait(false);
        }
        catch (BrokerException refused) when (refused.Failure is StatementFailed failed)
        {
            throw FlushFailures.ExplainLater(failed, _zone.Scopes.Sent) is var explained && explained == failed
                ? refused
                : new BrokerException(explained, refused);
        }
    }

    private async ValueTask<Sending?> PrepareAsync(CancellationToken cancellation)
    {
        Func<Type, EntityMap?> map = _maps.Find;
        await MapPendingAsync(map, cancellation).ConfigureAwait(false);
        var changes = _zone.Collect(map);
        if (changes.IsEmpty)
            return null;
        if (_hooks.BeforeFlush is not null)
        {
            await _hooking.CallAsync(_hooks.BeforeFlush, nameof(_hooks.BeforeFlush), committed: false, cancellation).ConfigureAwait(false);
            await MapPendingAsync(map, cancellation).ConfigureAwait(false);
            changes = _zone.Collect(map);
        }

        if (await RemapAsync(changes, cancellation).ConfigureAwait(false))
            changes = _zone.Collect(map);
        _zone.NoteBefore(changes);
        var draft = FlushPlanner.Begin(Array.ConvertAll(ImmutableCollectionsMarshal.AsArray(changes)!, static one => one.Change), map);
        var drawn = new RowSet[draft.Draws.Length];
        for (var i = 0; i < drawn.Length; i++)
            drawn[i] = await _maps.AskAsync(draft.Draws[i].Statement, cancellation).ConfigureAwait(false);
        var copies = SentCopies.Of(changes);
        var plan = draft.Finish(ImmutableCollectionsMarshal.AsImmutableArray(drawn));
        if (!plan.Steps.IsEmpty)
            return new(changes, copies, plan);
        // The changes amount to nothing.
        _zone.Sent(changes, copies, plan.Apply([]));
        return null;
    }

    private async ValueTask<T> SendAsync<T>(
        Sending sending, Func<ImmutableArray<FlushStep>, ISessionCommand> command, Func<T, ImmutableArray<StepResult>> results,
            CancellationToken cancellation)
        where T : ISessionReply
    {
        T reply;
        try
        {
            reply = await _link.RunAsync<T>(command(sending.Plan.Steps), cancellation, sending.Plan).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            sending.Plan.Revert();
            _maps.ForgetAfter(exception);
            throw;
        }

        var outcome = sending.Plan.Apply(results(reply));
        _zone.Sent(sending.Changes, sending.Copies, outcome);
        foreach (var missed in outcome.Warnings)
            _warnings = _warnings.Add(
                $"{missed.Wanted - missed.Deleted} of {missed.Wanted} rows of {missed.Entity} that were to be deleted were gone already");
        if (outcome.Unfit is not { } unfit)
            return reply;
        if (reply is Flushed)
            throw new BrokerException(unfit);
        // What ends or begins with the flush has ended or begun.
        _warnings = _warnings.Add(unfit.Message);
        return reply;
    }

    private async ValueTask MapPendingAsync(Func<Type, EntityMap?> map, CancellationToken cancellation)
    {
        foreach (var type in _zone.Unmapped(map))
            await _maps.MapAsync(type, cancellation).ConfigureAwait(false);
    }

    /// <summary>
    /// Objects that were read before it was learned that their tables have changed follow them. False when there are none.
    /// </summary>
    private async ValueTask<bool> RemapAsync(ImmutableArray<(Tracked Tracked, EntityChange Change)> changes, CancellationToken cancellation)
    {
        var isOld = false;
        EntityMap? last = null;
        foreach (var (tracked, change) in changes)
        {
            if (ReferenceEquals(change.Map, last))
                continue;
            var present = await _maps.MapAsync(tracked.Type, cancellation).ConfigureAwait(false);
            if (ReferenceEquals(change.Map, present))
            {
                last = present;
                continue;
            }

            tracked.Remap(present);
            isOld = true;
        }

        return isOld;
    }

    /// <summary>Work on its way.</summary>
    private sealed record Sending(ImmutableArray<(Tracked Tracked, EntityChange Change)> Changes, SentCopies Copies, FlushPlan Plan);
}
