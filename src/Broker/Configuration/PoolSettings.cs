namespace Broker.Configuration;

/// <summary><c>broker.pool</c>, with what <c>broker.databases.{name}.pool</c> and <c>broker.databases.{name}.users.{user}.pool</c>
/// override: the settings of one pool, complete. Defaults are in hocon/reference.conf.</summary>
public sealed record PoolSettings
{
    /// <summary>How connections are kept.</summary>
    public required PoolKind Kind { get; init; }

    /// <summary>Connections that are kept, 0 to 10000; 0 = unlimited.</summary>
    public required int Size { get; init; }

    /// <summary>Connections beyond <see cref="Size"/>, closed when they come back, -1 to 10000; -1 = unlimited.</summary>
    public required int Overflow { get; init; }

    /// <summary>How long a caller waits for a connection, opening included, 0 to 1 h; 0 = not at all.</summary>
    public required TimeSpan AcquireTimeout { get; init; }

    /// <summary>Which idle connection is taken next.</summary>
    public required PoolOrder Order { get; init; }

    /// <summary>Whether callers wait when all connections are out, or are refused at once.</summary>
    public required bool Queueing { get; init; }

    /// <summary>Callers that may wait at the same time, 0 to 1000000; null = no limit.</summary>
    public required int? MaxWaiting { get; init; }

    /// <summary>Age at which a connection that is not in use is replaced, 1 s to 365 d; null when off.</summary>
    public required TimeSpan? RecycleAfter { get; init; }

    /// <summary>Random fraction by which each age limit is shortened, 0 to 0.5.</summary>
    public required double RecycleJitter { get; init; }

    /// <summary>Idle time after which a connection above <see cref="MinIdle"/> is closed, 1 s to 365 d; null when off.</summary>
    public required TimeSpan? IdleTimeout { get; init; }

    /// <summary>Idle connections held ready in the background, 0 to 10000, not above <see cref="Size"/>.</summary>
    public required int MinIdle { get; init; }

    /// <summary>Idle time after which a connection is pinged in the background, 1 s to 1 d; null when off.</summary>
    public required TimeSpan? Keepalive { get; init; }

    /// <summary>Idle connections pinged at most in one round, 1 to 10000.</summary>
    public required int KeepaliveLimit { get; init; }

    /// <summary>Whether a connection is pinged before it is lent.</summary>
    public required bool Ping { get; init; }

    /// <summary>How recently a connection must have answered to be lent without a ping, 0 to 1 h; 0 = always ping.</summary>
    public required TimeSpan PingBypass { get; init; }

    /// <summary>How long a ping may take before the connection counts as dead, 10 ms to 1 min.</summary>
    public required TimeSpan PingTimeout { get; init; }

    /// <summary>What is done when a connection that is not clean comes back.</summary>
    public required ResetMode Reset { get; init; }

    /// <summary>
    /// How long a reset may take before the connection is closed instead, 10 ms to 10 min; and how long a cancel may stay unanswered, but
    /// 2 s at the least.
    /// </summary>
    public required TimeSpan ResetTimeout { get; init; }

    /// <summary>How long a hook may take before it counts as failed, 10 ms to 10 min.</summary>
    public required TimeSpan HookTimeout { get; init; }

    /// <summary>How long a lease may last before the connection is cut off its holder, 10 ms to 365 d; null when off.</summary>
    public required TimeSpan? MaxLease { get; init; }

    /// <summary>Lease age at which its holder is reported as a possible leak, 10 ms to 365 d; null when off.</summary>
    public required TimeSpan? LeakThreshold { get; init; }

    /// <summary>What happens when every connection is held by callers that each wait for one more.</summary>
    public required SelfStarvedAction SelfStarved { get; init; }

    /// <summary>What new callers meet while the pool is suspended.</summary>
    public required SuspendedAction Suspended { get; init; }

    /// <summary>Whether the broker refuses to start when the first connection cannot be opened.</summary>
    public required bool FailFast { get; init; }

    /// <summary>Whether the first connection and <see cref="MinIdle"/> are opened at start.</summary>
    public required bool WarmUp { get; init; }

    /// <summary>Load shedding.</summary>
    public required ShedSettings Shed { get; init; }

    /// <summary>Pauses between attempts to connect.</summary>
    public required ReconnectSettings Reconnect { get; init; }

    /// <summary>Most connections this pool may have: size and overflow; null when either is unlimited.</summary>
    public int? Limit => Kind switch
    {
        PoolKind.Static or PoolKind.Assertion => 1,
        PoolKind.Queue or PoolKind.Null => Size == 0 || Overflow < 0 ? null : Size + Overflow,
    };

    /// <summary>Settings of a pool that no configuration names: the text holds keys of <c>broker.pool</c>, the rest are defaults.</summary>
    /// <exception cref="SettingsException">A key or a value is wrong.</exception>
    public static PoolSettings Parse(string hocon) => BrokerSettings.Parse($"broker.pool {{\n{hocon}\n}}").PoolDefaults;

    internal static PoolSettings From(SettingsReader reader)
    {
        var settings = new PoolSettings
        {
            Kind = reader.Choice<PoolKind>("kind"),
            Size = reader.Whole("size", 0, 10_000),
            Overflow = reader.Whole("overflow", -1, 10_000),
            AcquireTimeout = reader.Duration("acquire-timeout", "0s", "1h"),
            Order = reader.Choice<PoolOrder>("order"),
            Queueing = reader.Switch("queueing"),
            MaxWaiting = reader.WholeOr("max-waiting", "off", 0, 1_000_000),
            RecycleAfter = reader.DurationOrOff("recycle-after", "1s", "365d"),
            RecycleJitter = reader.Fraction("recycle-jitter", 0, 0.5),
            IdleTimeout = reader.DurationOrOff("idle-timeout", "1s", "365d"),
            MinIdle = reader.Whole("min-idle", 0, 10_000),
            Keepalive = reader.DurationOrOff("keepalive", "1s", "1d"),
            KeepaliveLimit = reader.Whole("keepalive-limit", 1, 10_000),
            Ping = reader.Switch("ping"),
            PingBypass = reader.Duration("ping-bypass", "0s", "1h"),
            PingTimeout = reader.Duration("ping-timeout", "10ms", "1m"),
            Reset = reader.Choice<ResetMode>("reset"),
            ResetTimeout = reader.Duration("reset-timeout", "10ms", "10m"),
            HookTimeout = reader.Duration("hook-timeout", "10ms", "10m"),
            MaxLease = reader.DurationOrOff("max-lease", "10ms", "365d"),
            LeakThreshold = reader.DurationOrOff("leak-threshold", "10ms", "365d"),
            SelfStarved = reader.Choice<SelfStarvedAction>("self-starved"),
            Suspended = reader.Choice<SuspendedAction>("suspended"),
            FailFast = reader.Switch("fail-fast"),
            WarmUp = reader.Switch("warm-up"),
            Shed = ShedSettings.From(reader.Inside("shed")),
            Reconnect = ReconnectSettings.From(reader.Inside("reconnect")),
        };
        reader.Check(settings.Size == 0 || settings.MinIdle <= settings.Size, "min-idle",
            $"allowed is a number not above size ({settings.Size})");
        reader.Done();
        return settings;
    }
}
