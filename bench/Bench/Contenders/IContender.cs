namespace Broker.Bench.Contenders;

/// <summary>
/// One way to run statements for many callers over few connections. Every contender gets the same statements, the same
/// server and the same maximum of connections, and is used by any number of callers at the same time.
/// </summary>
internal interface IContender : IAsyncDisposable
{
    string Name { get; }

    /// <summary>Called once, before any operation.</summary>
    Task StartAsync(string connectionString, int maximumConnections);

    /// <summary>Runs one autocommit statement; done when its whole answer was read, a row's first value included.</summary>
    ValueTask RunAsync(Operation operation);
}
