namespace Broker.Bench.Gateways;

/// <summary>What the clients of a pooler do.</summary>
internal enum GatewayMode
{
    /// <summary>pgbench's select of one row by its key, by the simple protocol.</summary>
    Simple,

    /// <summary>The same by the extended protocol, parsed each time.</summary>
    Extended,

    /// <summary>The same, prepared once by each client.</summary>
    Prepared,

    /// <summary>pgbench's transaction of seven statements, by the simple protocol.</summary>
    Tpcb,

    /// <summary>A change of one row by its key, by the simple protocol: each a transaction of its own.</summary>
    Update,

    /// <summary>Nothing: they are connected.</summary>
    Idle,
}

internal static class GatewayModes
{
    public static string[] Names { get; } = [.. Enum.GetValues<GatewayMode>().Select(Name)];

    public static string Name(this GatewayMode mode) => mode.ToString().ToLowerInvariant();

    public static IEnumerable<GatewayMode> Named(IEnumerable<string> names) =>
        Enum.GetValues<GatewayMode>().Where(mode => names.Contains(mode.Name()));

    /// <summary>How pgbench is told.</summary>
    public static string[] Words(this GatewayMode mode) => mode switch
    {
        GatewayMode.Simple => ["--select-only", "--protocol=simple"],
        GatewayMode.Extended => ["--select-only", "--protocol=extended"],
        GatewayMode.Prepared => ["--select-only", "--protocol=prepared"],
        GatewayMode.Tpcb => ["--builtin=tpcb-like", "--protocol=simple"],
        GatewayMode.Update => [$"--file={Path.Combine(AppContext.BaseDirectory, "Gateways", "update.pgbench")}", "--protocol=simple"],
        GatewayMode.Idle => throw new ArgumentException("Nothing is run for clients that are idle.", nameof(mode)),
    };
}
