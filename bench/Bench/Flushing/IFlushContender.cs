using System.Diagnostics;
using Broker.Bench.Measuring;

namespace Broker.Bench.Flushing;

/// <summary>One way to send the changes of a unit of work and commit them. Started anew for each cell.</summary>
internal interface IFlushContender : IAsyncDisposable
{
    string Name { get; }

    /// <summary>The process that does its work; null when it is this one.</summary>
    Process? Child => null;

    /// <summary>Whether it has a way to do this work at all.</summary>
    bool Does(FlushWork work);

    /// <summary>Called once, before anything else.</summary>
    Task StartAsync(string connectionString, int maximumConnections);

    /// <summary>Makes a unit of work ready: objects are made, or loaded by the means of the contender. It is not measured.</summary>
    /// <returns>What is measured: changes the objects, sends the changes, commits, ends the unit of work.</returns>
    Task<Func<Task>> PrepareAsync(FlushWork work, int rows);

    /// <summary>A round of sessions in closed loops, each of which opens a unit of work, adds one row, commits.</summary>
    Task<Round> OneRowRoundAsync(RoundRunner runner, int sessions, TimeSpan time);

    /// <summary>Opens a unit of work to be held, in which one row was added and committed, or nothing happened yet.</summary>
    Task<IAsyncDisposable> OpenIdleAsync(bool used);
}
