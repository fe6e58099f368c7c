using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Sending;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Errands.Server;

/// <summary>What became of an errand that may be a unit.</summary>
/// <param name="Answers">What each of its statements was answered; empty when it failed.</param>
/// <param name="Failure">Why it failed; null when it did not.</param>
internal sealed record UnitOutcome(ImmutableArray<Answer> Answers, Failure? Failure)
{
    /// <summary>The rows of each of its statements.</summary>
    internal string Rows => string.Join(' ', Answers.Select(answer => answer.Rows));

    /// <summary>How many columns the answer of each has; none where no rows were described.</summary>
    internal IEnumerable<int> Columns { get; private init; } = [];

    internal static UnitOutcome Of(ErrandCompleted completed)
    {
        ErrandCompleted[] all = [completed, .. completed.More];
        return new([.. all.Select(Answer.Of)], null) { Columns = [.. all.Select(one => one.Rows.Columns.Length)] };
    }

    public override string ToString() => Failure?.ToString() ?? string.Join(' ', Answers);
}

/// <summary>Sends units as a conversation does.</summary>
internal static class UnitCalls
{
    internal static RunErrand Unit(this BrokerClient client, params Statement[] statements) =>
        new(client.Sender.NextId(), statements[0], client.Terms.Context, client.Terms.Limits) { Unit = new([.. statements[1..]]) };

    internal static RunErrand Unit(this BrokerClient client, params string[] texts) =>
        client.Unit([.. texts.Select(text => new Statement(text))]);

    /// <summary>An ordinary errand.</summary>
    internal static RunErrand One(this BrokerClient client, Statement statement) =>
        new(client.Sender.NextId(), statement, client.Terms.Context, client.Terms.Limits);

    internal static async Task<UnitOutcome> SendAsync(this BrokerClient client, RunErrand errand)
    {
        var reply = new Reply<ErrandCompleted>(client.Sender.Home, static answer => (ErrandCompleted)answer);
        (await client.Sender.Pools.FindAsync(PackingBroker.Pool, null)).Supervisor.Tell(errand, reply);
        try
        {
            return UnitOutcome.Of(await reply.Answer.AsTask().WaitAsync(TimeSpan.FromSeconds(60)));
        }
        catch (BrokerException refused)
        {
            return new([], refused.Failure);
        }
    }

    internal static async Task CancelAsync(this BrokerClient client, ErrandId id) =>
        (await client.Sender.Pools.FindAsync(PackingBroker.Pool, null)).Supervisor.Tell(new CancelErrand(id));

    /// <summary>Runs errands together, once they are known. Returns what became of each and the trips that carried them.</summary>
    internal static async Task<(UnitOutcome[] Outcomes, (string Shape, int Members)[] Trips)> PackAsync(this PackingBroker broker,
        params RunErrand[] errands)
    {
        await broker.UntilIdleAsync();
        var before = broker.Trips.Count;
        await broker.Client.SuspendAsync(PackingBroker.Pool);
        var outcomes = errands.Select(broker.Client.SendAsync).ToArray();
        await broker.UntilAsync(status => status.WaitingErrands + outcomes.Count(outcome => outcome.IsCompleted) >= errands.Length);
        await broker.Client.ResumeAsync(PackingBroker.Pool);
        var told = await Task.WhenAll(outcomes);
        await broker.UntilIdleAsync();
        return (told, [.. broker.Trips.Skip(before)]);
    }

    /// <summary>Teaches the broker a unit until eight of it go in one trip.</summary>
    internal static async Task WarmAsync(this PackingBroker broker, Func<int, RunErrand> unit)
    {
        for (var round = 0; round < 8; round++)
        {
            var (outcomes, trips) = await broker.PackAsync([.. Enumerable.Range(round * 8, 8).Select(unit)]);
            Assert.All(outcomes, outcome => Assert.Null(outcome.Failure));
            if (trips is [{ Members: 8 }])
            {
                return;
            }
        }
        Assert.Fail($"{unit(0)} never went with its like: {string.Join(' ', broker.Trips.TakeLast(40))}");
    }
}
