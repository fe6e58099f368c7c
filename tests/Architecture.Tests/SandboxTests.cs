using Broker.Budgets;
using Broker.Connections;
using Broker.Errands;
using Broker.Hosting;
using Broker.Pools;
using Broker.Sandboxes;

namespace Broker.Architecture.Tests;

/// <summary>
/// Whoever is in a sandbox sends the same messages to other actors: what one of them does not know would never be answered.
/// </summary>
public sealed class SandboxTests
{
    private const string Receive = "OnReceive";

    // What a pool hears of its own connections, budget, trips and life: nobody in a sandbox sends it.
    private static readonly Type[] OfAPoolItself =
        [typeof(IConnectionEvent), typeof(IBudgetEvent), typeof(ProbeAnswered), typeof(RunErrandsAgain), typeof(PoolAlarm.Rang)];

    [Fact]
    public void A_sandbox_knows_each_message_of_a_pool()
    {
        var ofAPool = Instructions.TypesAskedFor(typeof(PoolSupervisor), Receive, "OnControl")
            .Where(static type => !Array.Exists(OfAPoolItself, own => own.IsAssignableFrom(type))
                && type.DeclaringType != typeof(PoolSupervisor)
                && type.DeclaringType != typeof(PoolCommands));

        Assert.Empty(ofAPool.Except(Instructions.TypesAskedFor(typeof(SandboxPool), Receive, "OnLender")));
    }

    [Fact]
    public void A_sandbox_knows_each_message_of_the_broker()
    {
        var ofTheBroker = Instructions.TypesAskedFor(typeof(BrokerSupervisor), Receive)
            .Where(static type => type.DeclaringType != typeof(BrokerSupervisor));

        Assert.Empty(ofTheBroker.Except(Instructions.TypesAskedFor(typeof(SandboxActor), Receive)));
    }

    [Fact]
    public void The_cases_of_a_switch_are_found() =>
        Assert.Superset(new HashSet<Type> { typeof(WithdrawErrand), typeof(Leases.DetachLease) },
            Instructions.TypesAskedFor(typeof(PoolSupervisor), Receive, "OnControl"));
}
