using Broker.Configuration;

namespace Broker.Gateway.Clients;

/// <summary>
/// How long a client has been doing what it does, against the limits of `broker.gateway.timeouts`. Told after each thing that happens;
/// looked at now and then.
/// </summary>
internal sealed class ClientClock
{
    private readonly GatewayTimeoutSettings _limits;
    private readonly TimeProvider _time;
    private long _busySince;
    private long _quietSince;
    private long _transactionSince;
    private bool _busy;
    private bool _inTransaction;

    private ClientClock(GatewayTimeoutSettings limits, TimeProvider time) =>
        (_limits, _time, _quietSince) = (limits, time, time.GetTimestamp());

    /// <summary>How often clocks are looked at; null when nothing is limited, and nobody needs one.</summary>
    internal static TimeSpan? Look(GatewayTimeoutSettings limits)
    {
        var shortest = new[] { limits.Query, limits.Transaction, limits.IdleInTransaction, limits.ClientIdle }.Min();
        return shortest is { } least
            ? TimeSpan.FromTicks(Math.Clamp(least.Ticks / 4, TimeSpan.TicksPerMillisecond * 10, TimeSpan.TicksPerSecond))
            : null;
    }

    /// <summary>One that begins now; null when nothing is limited.</summary>
    internal static ClientClock? Start(GatewayTimeoutSettings limits, TimeProvider time) => Look(limits) is null ? null : new(limits, time);

    /// <summary>Something has happened.</summary>
    /// <param name="busy">Whether the client waits for an answer.</param>
    /// <param name="inTransaction">Whether it is in a transaction.</param>
    internal void Update(bool busy, bool inTransaction)
    {
        if (busy == _busy && inTransaction == _inTransaction && busy)
        {
            return;
        }
        var now = _time.GetTimestamp();
        if (busy && !_busy)
        {
            _busySince = now;
        }
        else if (!busy)
        {
            _quietSince = now;
        }
        if (inTransaction && !_inTransaction)
        {
            _transactionSince = busy || _busy ? _busySince : now;
        }
        (_busy, _inTransaction) = (busy, inTransaction);
    }

    /// <summary>What is overrun: its SQLSTATE and words that name the setting; null when nothing is.</summary>
    internal (string SqlState, string Text)? Overrun() =>
        _busy && Is(_busySince, _limits.Query) ? ("57014", Words("a statement took longer than", _limits.Query, "query"))
        : _inTransaction && Is(_transactionSince, _limits.Transaction)
            ? ("25P04", Words("a transaction took longer than", _limits.Transaction, "transaction"))
        : _inTransaction && !_busy && Is(_quietSince, _limits.IdleInTransaction)
            ? ("25P03", Words("the client was silent in a transaction for", _limits.IdleInTransaction, "idle-in-transaction"))
        : !_inTransaction && !_busy && Is(_quietSince, _limits.ClientIdle)
            ? ("57P05", Words("the client was silent for", _limits.ClientIdle, "client-idle"))
        : null;

    private bool Is(long since, TimeSpan? limit) => limit is { } most && _time.GetElapsedTime(since) >= most;

    private static string Words(string what, TimeSpan? limit, string key) =>
        $"{what} {limit!.Value.TotalSeconds:0.###} s (broker.gateway.timeouts.{key})";
}

/// <summary>The receiver, a client's actor, is to look at its clock.</summary>
internal sealed record LookAtClock : Akka.Actor.INoSerializationVerificationNeeded
{
    internal static readonly LookAtClock Instance = new();
}
