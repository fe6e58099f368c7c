using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using Akka.Actor;
using Akka.Hosting;
using Broker.Client;
using Broker.Client.Diagnostics;
using Broker.Client.Sending;
using Broker.Configuration;
using Broker.Diagnostics;
using Broker.Doors;
using Broker.Gateway;
using Broker.Pools.Hooks;
using Microsoft.Extensions.DependencyInjection;

namespace Broker.Hosting;

/// <summary>Puts the broker into an application's actor system.</summary>
public static class BrokerHosting
{
    /// <summary>The name of the broker's supervisor: `/user/broker`.</summary>
    internal const string ActorName = "broker";

    /// <summary>
    /// Starts the broker with the actor system. Wrong settings stop the start. It ends with the system's CoordinatedShutdown: new work is
    /// refused, what runs is finished within `broker.shutdown.drain-timeout`, connections are closed.
    /// </summary>
    public static AkkaConfigurationBuilder WithBroker(this AkkaConfigurationBuilder builder, Action<BrokerOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = new BrokerOptions();
        configure?.Invoke(options);
        var setup = new BrokerSetup(options);
        builder.AddSetup(setup);
        // Without this the system's own limit of 5 s would cut the draining short.
        builder.AddHocon("akka.coordinated-shutdown.phases.service-requests-done.timeout = 1h", HoconAddMode.Append);
        return builder.WithActors(async (system, registry, resolver) =>
        {
            var settings = setup.SettingsOver(system.Settings.Config);
            var meters = resolver.GetService<IMeterFactory>();
            var supervisor = Start(system, settings, options.Time, meters, options.PoolHooks);
            await ProveConnectsAsync(system, supervisor);
            await ListeningAsync(system, supervisor);
            await DoorAsync(system, supervisor);
            registry.Register<BrokerClient>(supervisor);
        });
    }

    /// <summary>
    /// Makes <see cref="BrokerClient"/> and <see cref="BrokerSettings"/> available from DI. The client may be injected before the actor
    /// system has started; its calls wait for that.
    /// </summary>
    public static IServiceCollection AddBrokerClient(this IServiceCollection services) => services
        .AddSingleton(static provider => SettingsOf(provider.GetRequiredService<ActorSystem>()))
        .AddSingleton(static provider => new BrokerClient(
            provider.GetRequiredService<IRequiredActor<BrokerClient>>().GetAsync,
            provider.GetRequiredService<ActorSystem>(),
            TracingOf(provider.GetRequiredService<BrokerSettings>())));

    /// <summary>
    /// Starts the broker in a system that is not hosted, and gives its client. Pools with `fail-fast` are not waited for:
    /// <see cref="StartBrokerAsync(ActorSystem, BrokerSettings, ImmutableDictionary{string, PoolHooks})"/> does that.
    /// </summary>
    /// <param name="system">The actor system; it is the caller's to end.</param>
    /// <param name="settings">The settings.</param>
    /// <param name="hooks">The hooks of each database's pools, by its name; null for none.</param>
    public static BrokerClient StartBroker(this ActorSystem system, BrokerSettings settings,
        ImmutableDictionary<string, PoolHooks>? hooks = null) =>
        StartBroker(system, settings, meters: null, hooks);

    /// <summary>The same, once every pool with `fail-fast` has opened its first connection.</summary>
    /// <exception cref="BrokerException">
    /// One of them could not: the failure says why. The broker has stopped; the system is the caller's to end.
    /// </exception>
    public static Task<BrokerClient> StartBrokerAsync(
        this ActorSystem system, BrokerSettings settings, ImmutableDictionary<string, PoolHooks>? hooks = null) =>
        StartBrokerAsync(system, settings, meters: null, hooks);

    /// <summary>The same, with the factory of its meter.</summary>
    internal static async Task<BrokerClient> StartBrokerAsync(
        this ActorSystem system, BrokerSettings settings, IMeterFactory? meters, ImmutableDictionary<string, PoolHooks>? hooks = null)
    {
        var supervisor = Start(system, settings, TimeProvider.System, meters, hooks ?? ImmutableDictionary.Create<string, PoolHooks>());
        try
        {
            await ProveConnectsAsync(system, supervisor);
            await ListeningAsync(system, supervisor);
            await DoorAsync(system, supervisor);
        }
        catch (BrokerException)
        {
            // A host ends its actor system, and the broker with it; here nobody else ends it.
            await StopAsync(system, supervisor);
            throw;
        }
        return ClientOf(supervisor, system, settings);
    }

    /// <summary>
    /// Gives a running broker settings that were read anew. What can be taken without a restart is taken, and the files that the
    /// settings name are read again; the answer says what has to wait for a restart. Nobody is disconnected for it, but for remote clients
    /// whose user is gone or may use no database any more.
    /// </summary>
    /// <exception cref="InvalidOperationException">The system has no broker.</exception>
    public static async Task<SettingsReloaded> ReloadBrokerAsync(this ActorSystem system, BrokerSettings settings)
    {
        var supervisor = ActorRegistry.For(system).TryGet<BrokerClient>(out var found) ? found : throw NoBroker();
        var reloaded = new Reply<SettingsReloaded>(ReplyHome.Of(system), static answer => (SettingsReloaded)answer);
        supervisor.Tell(new BrokerSupervisor.ReloadSettings(settings), reloaded);
        return await reloaded.Answer;
    }

    /// <summary>The same, measured by the meters of this factory.</summary>
    internal static BrokerClient StartBroker(
        this ActorSystem system, BrokerSettings settings, IMeterFactory? meters, ImmutableDictionary<string, PoolHooks>? hooks = null) =>
        ClientOf(Start(system, settings, TimeProvider.System, meters, hooks ?? ImmutableDictionary.Create<string, PoolHooks>()),
            system, settings);

    // Found again by whoever gives it other settings.
    private static BrokerClient ClientOf(IActorRef supervisor, ActorSystem system, BrokerSettings settings)
    {
        ActorRegistry.For(system).Register<BrokerClient>(supervisor, overwrite: true);
        return new(supervisor, system, TracingOf(settings));
    }

    /// <summary>What is told to listeners of the activity source.</summary>
    internal static TracingOptions TracingOf(BrokerSettings settings) => new(settings.Diagnostics.Traces, settings.Log.Statements);

    private static BrokerSettings SettingsOf(ActorSystem system) =>
        system.Settings.Setup.Get<BrokerSetup>() is { HasValue: true } setup
            ? setup.Value.SettingsOver(system.Settings.Config)
            : throw NoBroker();

    private static InvalidOperationException NoBroker() =>
        new("The actor system has no broker: AddAkka(..., akka => akka.WithBroker(...)) is missing.");

    private static async Task<BrokerStopped> StopAsync(ActorSystem system, IActorRef supervisor)
    {
        var stopped = new Reply<BrokerStopped>(ReplyHome.Of(system), static answer => (BrokerStopped)answer);
        supervisor.Tell(BrokerSupervisor.StopBroker.Instance, stopped);
        return await stopped.Answer;
    }

    // What is done is told before the door ends, also to a remote client that is out of reach for the moment.
    private static async Task EndAsync(ActorSystem system, IActorRef supervisor)
    {
        await StopAsync(system, supervisor);
        var settled = new Reply<DoorSettled>(ReplyHome.Of(system), static answer => (DoorSettled)answer);
        supervisor.Tell(BrokerSupervisor.SettleDoor.Instance, settled);
        await settled.Answer;
    }

    private static async Task ProveConnectsAsync(ActorSystem system, IActorRef supervisor)
    {
        var proven = new Reply<ConnectsProven>(ReplyHome.Of(system), static answer => (ConnectsProven)answer);
        supervisor.Tell(BrokerSupervisor.ProveConnects.Instance, proven);
        await proven.Answer;
    }

    /// <summary>Where the gateway listens, once it does.</summary>
    /// <exception cref="BrokerException">It could not be opened.</exception>
    internal static async Task<ImmutableArray<string>> ListeningAsync(ActorSystem system, IActorRef supervisor)
    {
        var listening = new Reply<GatewayListening>(ReplyHome.Of(system), static answer => (GatewayListening)answer);
        supervisor.Tell(BrokerSupervisor.GetListening.Instance, listening);
        return (await listening.Answer).Addresses;
    }

    /// <summary>Where the door is open, once it is; null when there is none.</summary>
    /// <exception cref="BrokerException">It could not be opened.</exception>
    internal static async Task<string?> DoorAsync(ActorSystem system, IActorRef supervisor)
    {
        var open = new Reply<DoorOpened>(ReplyHome.Of(system), static answer => (DoorOpened)answer);
        supervisor.Tell(BrokerSupervisor.GetDoor.Instance, open);
        return (await open.Answer).Address;
    }

    // A client in this process does that too; where there is none, as in brokerd, callers from afar would wait for ever.
    private static void AnswerForTheDead(ActorSystem system, IActorRef supervisor)
    {
        var home = ReplyHome.Of(system);
        UndeliveredRequests.AnswerFor(system, home, new(system, _ => Task.FromResult(supervisor), home));
    }

    private static IActorRef Start(
        ActorSystem system, BrokerSettings settings, TimeProvider time, IMeterFactory? meters, ImmutableDictionary<string, PoolHooks> hooks)
    {
        TurnDispatcher.AddTo(system);
        var meter = new BrokerMeter(meters, settings.Diagnostics.Metrics);
        var supervisor = system.ActorOf(BrokerSupervisor.For(settings, meter, time, hooks), ActorName);
        system.RegisterOnTermination(meter.Dispose);
        AnswerForTheDead(system, supervisor);
        var shutdown = CoordinatedShutdown.Get(system);
        var limit = settings.Shutdown.DrainTimeout + settings.Shutdown.CloseTimeout;
        shutdown.AddTask(CoordinatedShutdown.PhaseServiceRequestsDone, "drain-broker", async () =>
        {
            await EndAsync(system, supervisor).WaitAsync(limit, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return Akka.Done.Instance;
        });
        return supervisor;
    }
}
