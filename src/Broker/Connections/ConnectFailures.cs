using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Configuration;

namespace Broker.Connections;

/// <summary>What is said of a host that could not be connected to, whoever tried.</summary>
internal static class ConnectFailures
{
    private const string NotLetIn = "28000";

    /// <summary>The server has answered with an error.</summary>
    internal static Failure Refused(PoolId pool, HostEndpoint host, string state, string text) =>
        MayWork(state) ? new ServerUnavailable(pool, host.ToString(), text) : new LoginRefused(pool, host.ToString(), state, text);

    /// <summary>It did not answer in time.</summary>
    internal static Failure Overdue(PoolId pool, HostEndpoint host, ServerSettings server) => new ServerUnavailable(
        pool,
        host.ToString(),
        $"no answer within {server.ConnectTimeout.TotalSeconds:0.###} s (broker.servers.{server.Name}.connect-timeout)");

    /// <summary>There is a password, and it cannot be read.</summary>
    internal static Failure PasswordUnreadable(PoolId pool, HostEndpoint host, Exception cause) =>
        new LoginRefused(pool, host.ToString(), NotLetIn, $"the password cannot be read: {cause.Message}");

    /// <summary>It wants a proof that there is nothing for.</summary>
    internal static Failure NothingToProveWith(PoolId pool, HostEndpoint host, string text) =>
        new LoginRefused(pool, host.ToString(), NotLetIn, text);

    /// <summary>It is not there, or is no server.</summary>
    internal static Failure Unavailable(PoolId pool, HostEndpoint host, string text) => new ServerUnavailable(pool, host.ToString(), text);

    /// <summary>
    /// Whether the same connect may go well in a while: the server is short of something, starting, stopping, or in trouble of its own.
    /// </summary>
    private static bool MayWork(string state) => state is ['0', '8', ..] or ['5', '3' or '5' or '7' or '8', ..] or ['X', 'X', ..];
}
