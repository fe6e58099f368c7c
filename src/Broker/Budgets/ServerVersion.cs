using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;

namespace Broker.Budgets;

/// <summary>
/// Which servers the broker knows: its outcomes rest on functions that 13 brought (pg_xact_status), and on behaviour tried up to 18.
/// </summary>
internal static class ServerVersion
{
    private const int Oldest = 13;
    private const int Newest = 18;

    /// <summary>Null when the version is supported, else the refusal.</summary>
    /// <param name="pool">Which pool connected.</param>
    /// <param name="server">Host and port.</param>
    /// <param name="number">
    /// server_version_num, such as 150020; before version 10 the number has three parts, such as 90624 for 9.6.24.
    /// </param>
    internal static Failure? Check(PoolId pool, string server, int number) =>
        number / 10_000 is >= Oldest and <= Newest ? null : new VersionUnsupported(pool, server, Name(number));

    private static string Name(int number) => number >= 100_000
        ? $"{number / 10_000}.{number % 10_000}"
        : $"{number / 10_000}.{number / 100 % 100}.{number % 100}";
}
