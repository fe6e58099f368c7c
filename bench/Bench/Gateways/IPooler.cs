using System.Diagnostics;

namespace Broker.Bench.Gateways;

/// <summary>What stands between the clients and the server, or nothing.</summary>
internal interface IPooler : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Where clients connect.</summary>
    ServerAddress Address { get; }

    /// <summary>Its process; null when there is none but the server's.</summary>
    Process? Process { get; }

    /// <summary>How its clients do it where it does not know the mode.</summary>
    GatewayMode Instead(GatewayMode mode) => mode;
}
