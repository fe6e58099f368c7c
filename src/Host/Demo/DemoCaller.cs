using System.Diagnostics;
using Broker.Client;
using Broker.Client.Protocol.Failures;

namespace Broker.Host.Demo;

/// <summary>
/// One caller: four reads of a random account, then one change of a balance, until the time is over. It believes only what it is told.
/// </summary>
internal static class DemoCaller
{
    private const string Database = "demo";

    internal static async Task RunAsync(BrokerClient broker, int accounts, DemoTally tally, Random random, CancellationToken over)
    {
        for (var n = 0; !over.IsCancellationRequested; n++)
        {
            var account = random.Next(1, accounts + 1);
            var delta = n % 5 == 4 ? random.Next(-1_000, 1_001) : (int?)null;
            var began = Stopwatch.GetTimestamp();
            try
            {
                if (delta is { } change)
                {
                    await broker.ExecuteAsync(Database, $"update pgbench_accounts set abalance = abalance + {change} where aid = {account}",
                        CancellationToken.None);
                    tally.TookEffect(change);
                }
                else
                {
                    await broker.QuerySingleAsync<int>(Database, $"select abalance from pgbench_accounts where aid = {account}",
                        CancellationToken.None);
                }
                tally.Succeeded((long)Stopwatch.GetElapsedTime(began).TotalMicroseconds);
            }
            catch (BrokerException refused)
            {
                tally.Failed(refused.Failure.Code);
                Note(tally, refused.Failure, delta);
            }
        }
    }

    private static void Note(DemoTally tally, Failure failure, int? delta)
    {
        switch (failure)
        {
            case AnswerLost when delta is { } change: tally.TookEffect(change); break;
            case CommitUnknown or OutcomeUnknown when delta is { } change: tally.Unknown.Add(change); break;
            // Anything else says that nothing took effect.
        }
    }
}
