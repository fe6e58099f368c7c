using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Connections;

namespace Broker.Budgets;

/// <summary>What a pool tells the budget of its server.</summary>
internal interface IBudgetCommand
{
    /// <summary>The actor that asks and gets the answers. The budget watches it from its first ask on.</summary>
    IActorRef Pool { get; }
}

/// <summary>What a budget tells a pool.</summary>
internal interface IBudgetEvent;

internal static class BudgetCommands
{
    /// <summary>
    /// Asks for <paramref name="Wanted"/> permits more than asked for before: every permit asked for is answered once, by
    /// <see cref="BudgetEvents.PermitGranted"/>, by <see cref="BudgetEvents.PermitsDenied"/>, or not at all if it is withdrawn before.
    /// </summary>
    /// <param name="Pool">Who asks.</param>
    /// <param name="Id">Its name; for logs and status, and so that ghosts are asked about by a pool that may see them.</param>
    /// <param name="Weight">Its weight among the pools of the server, at least 1: twice the weight is twice the share.</param>
    /// <param name="Wanted">How many more, at least 1.</param>
    /// <param name="Reserve">
    /// For an errand or a settlement while all else is lent: may draw on the reserve. Such a permit should be given back soon.
    /// </param>
    internal sealed record AskPermit(IActorRef Pool, PoolId Id, int Weight, int Wanted, bool Reserve = false) : IBudgetCommand;

    /// <summary>
    /// Takes back that many asks that are not yet answered (all there are, if fewer). A grant that was already under way still comes: a
    /// pool that gets one it does not wait for gives it back clean.
    /// </summary>
    internal sealed record WithdrawPermits(IActorRef Pool, int Count, bool Reserve = false) : IBudgetCommand;

    /// <summary>
    /// Names the backend behind a permit as soon as its connection is open, so that a ghost of it can be recognised on the server.
    /// </summary>
    internal sealed record NameBackend(IActorRef Pool, PermitId Permit, BackendIdentity Backend) : IBudgetCommand;

    /// <summary>
    /// Gives a permit back: nothing was opened with it, or the server is known to have ended the connection. Counts also when the sender is
    /// gone by now and the budget has made a ghost of it.
    /// </summary>
    internal sealed record ReleasePermit(IActorRef Pool, PermitId Permit) : IBudgetCommand;

    /// <summary>
    /// Gives a permit back whose connection was lost uncleanly: it counts as a ghost until the server shows the backend gone or
    /// `ghost-limit` passes.
    /// </summary>
    /// <param name="Pool">Who had it.</param>
    /// <param name="Permit">Which permit.</param>
    /// <param name="Backend">The process that may still run; null if the connection was lost before it was known.</param>
    internal sealed record ReleaseGhost(IActorRef Pool, PermitId Permit, BackendIdentity? Backend) : IBudgetCommand;

    /// <summary>
    /// A connection that was left behind has been closed in order: if it counts as a ghost, it does no longer. Counts whoever sends it; the
    /// pool is gone, most likely.
    /// </summary>
    internal sealed record BackendClosed(IActorRef Pool, BackendIdentity Backend) : IBudgetCommand;

    /// <summary>
    /// The pool stops or restarts and has forgotten its permits: all still held become ghosts, all asks end. Sent in PostStop, which also
    /// runs before a restart; a pool that dies without it is noticed by its death.
    /// </summary>
    internal sealed record LeaveBudget(IActorRef Pool) : IBudgetCommand;

    /// <summary>
    /// The answer to <see cref="BudgetEvents.ProbeGhosts"/>; see <see cref="GhostProbe"/> for the statement and how to read its rows.
    /// </summary>
    /// <param name="Pool">Who asked the server.</param>
    /// <param name="Probe">Which probe is answered.</param>
    /// <param name="Sighting">What was seen; null if the server could not be asked.</param>
    internal sealed record GhostsSeen(IActorRef Pool, long Probe, GhostSighting? Sighting) : IBudgetCommand;

    /// <summary>
    /// The server allows this from now on. Of connections beyond a limit that was lowered the pools give up as many as they have free, and
    /// the next that come back.
    /// </summary>
    internal sealed record ChangeLimits(BudgetLimits Limits);

    /// <summary>Answered to the sender by <see cref="BudgetStatus"/>.</summary>
    internal sealed record GetBudgetStatus
    {
        internal static readonly GetBudgetStatus Instance = new();
    }
}

internal static class BudgetEvents
{
    /// <summary>One connection may be opened. The permit is held until it is released.</summary>
    /// <param name="Permit">Names the permit.</param>
    /// <param name="Reserve">Whether it was asked for with Reserve.</param>
    internal sealed record PermitGranted(PermitId Permit, bool Reserve) : IBudgetEvent;

    /// <summary>
    /// Other pools are below their share: give up <paramref name="Count"/> connections more than asked before, idle ones first, else the
    /// next returned. Each closing is a <see cref="BudgetCommands.ReleasePermit"/>; a pool that still waits then asks again. Never asks for
    /// reserve permits. A pool that has fewer connections than it owes owes only those.
    /// </summary>
    internal sealed record YieldAsked(int Count) : IBudgetEvent;

    /// <summary>
    /// Other pools wait beyond their share: while nobody waits in this pool, give up idle connections, up to <paramref name="Count"/> of
    /// them, those idle now and those that become idle later (a pool with traffic may keep one that was used in the last 100 ms). Replaces
    /// the number told before; each release counts it down on both sides; 0 means no longer.
    /// </summary>
    internal sealed record IdleWanted(int Count) : IBudgetEvent;

    /// <summary>These asks can never be granted.</summary>
    /// <param name="Count">How many asks are answered by this.</param>
    /// <param name="Reserve">Whether they were for the reserve.</param>
    /// <param name="Cause">Why, with the setting that decides it.</param>
    internal sealed record PermitsDenied(int Count, bool Reserve, string Cause) : IBudgetEvent;

    /// <summary>
    /// Asks the pool to look whether these backends still run, on any connection of the same server, without waiting for a new one.
    /// Answered by <see cref="BudgetCommands.GhostsSeen"/>; no answer is taken as "could not be asked" after a while.
    /// </summary>
    internal sealed record ProbeGhosts(long Probe, ImmutableArray<BackendIdentity> Ghosts) : IBudgetEvent;
}

/// <summary>What a probe saw.</summary>
/// <param name="Server">
/// The host the probing connection is connected to, as in <see cref="BackendIdentity.Server"/>; ghosts of other hosts are not decided by
/// it.
/// </param>
/// <param name="PostmasterStart">When that server started: every backend of an earlier start is gone.</param>
/// <param name="Running">
/// The pids asked for that exist, with their start; null where the role may not see it, which counts as still running.
/// </param>
internal sealed record GhostSighting(string Server, DateTime PostmasterStart, ImmutableArray<RunningBackend> Running);

/// <summary>One process of the server.</summary>
internal readonly record struct RunningBackend(int Pid, DateTime? BackendStart);
