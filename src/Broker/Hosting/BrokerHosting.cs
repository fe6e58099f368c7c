using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Sending;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Pools.Hooks;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Hosting;

/// <summary>Puts the broker into an application's actor system.</summary>
public static class BrokerHosting
{
    /// <summary>The name of the broker's supervisor: `/user/broker`.</summary>
    internal const string ActorName = "broker";

    /// <summary>
    /// Starts the broker with the actor system. Wrong settings stop the start. It ends with the system's CoordinatedShutdown: new work is refused, what
    /// runs is finished within `broker.shutdown.drain-timeout`, connections are closed.
    /// </summary>
    public static AkkaConfigurationBuilder WithBroker(this AkkaConfigurationBuilder builder, Action<BrokerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new BrokerOptions();
        configure?.Invoke(options);
        // Without this the system's own limit of 5 s would cut the draining short.
        builder.AddHocon("akka.coordinated-shutdown.phases.service-requests-done.timeout = 1h", HoconAddMode.Append);
        return builder.WithActors((system, registry, resolver) =>
        {
            var settings = options.SettingsOver(system.Settings.Config);
            var meters = resolver.GetService<IMeterFactory>();
            registry.Register<BrokerClient>(Start(system, settings, options.Time, meters, options.PoolHooks));
        });
    }

    /// <summary>Makes <see cref="BrokerClient"/> available from DI. It may be injected before the actor system has started; its calls wait for that.</summary>
    public static IServiceCollection AddBrokerClient(this IServiceCollection services) => services.AddSingleton(static provider =>
        new BrokerClient(provider.GetRequiredService<IRequiredActor<BrokerClient>>().GetAsync, provider.GetRequiredService<ActorSystem>()));

    /// <summary>Starts the broker in a system that is not hosted, and gives its client.</summary>
    /// <param name="system">The actor system; it is the caller's to end.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="hooks">The hooks of each database's pools, by its name; null for none.</param>
    public static BrokerClient StartBroker(this ActorSystem system, BrokerSettings settings, ImmutableDictionary<string, PoolHooks>? hooks = null) =>
        StartBroker(system, settings, meters: null, hooks);

    /// <summary>The same, measured by the meters of this factory.</summary>
    internal static BrokerClient StartBroker(
        this ActorSystem system, BrokerSettings settings, IMeterFactory? meters, ImmutableDictionary<string, PoolHooks>? hooks = null) =>
        new(Start(system, settings, TimeProvider.System, meters, hooks ?? ImmutableDictionary.Create<string, PoolHooks>()), system);

    private static IActorRef Start(
        ActorSystem system, BrokerSettings settings, TimeProvider time, IMeterFactory? meters, ImmutableDictionary<string, PoolHooks> hooks)
    {
        var meter = new BrokerMeter(meters, settings.Diagnostics.Metrics);
        var supervisor = system.ActorOf(BrokerSupervisor.For(settings, meter, time, hooks), ActorName);
        system.RegisterOnTermination(meter.Dispose);
        var shutdown = CoordinatedShutdown.Get(system);
        var limit = settings.Shutdown.DrainTimeout + settings.Shutdown.CloseTimeout;
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "drain-broker", async () =>
        {
            var stopped = new Reply<object>(ReplyHome.Of(system), static answer => answer);
            supervisor.Tell(BrokerSupervisor.StopBroker.Instance, stopped);
            await ((Task)stopped.Answer.AsTask()).WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Akka.Done.Instance;
        });
        return supervisor;
    }
}
