using Akka.Actor;
using Akka.Hosting;
using Broker.Configuration;
using Broker.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Host.Serving;

/// <summary>The host around the broker of a brokerd: its actor system, its log, its signals.</summary>
internal static class ServeHost
{
    /// <summary>What the host may need beyond the broker's own limits before it gives its actor system up.</summary>
    private static readonly TimeSpan Beyond = TimeSpan.FromSeconds(10);

    // The standard logger would print on the thread of whoever logs; the hook would begin to end the system before a signal is ours to
    // decide about.
    private const string OfOurs = """
        akka.stdout-loglevel = OFF
        akka.coordinated-shutdown.run-by-clr-shutdown-hook = off
        """;

    /// <summary>Builds it; nothing runs yet.</summary>
    /// <param name="settings">What it is started with.</param>
    /// <param name="file">The file they are from, which SIGHUP reads again; null when there is none.</param>
    internal static IHost Build(ServedSettings settings, string? file)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(new());
        builder.Services
            .AddBrokerLogging(settings.Broker.Log)
            .Configure<HostOptions>(options => options.ShutdownTimeout = Limit(settings.Broker.Shutdown))
            .AddAkka("brokerd", akka => akka
                .AddHocon(settings.All, HoconAddMode.Prepend)
                .AddHocon(OfOurs, HoconAddMode.Prepend)
                .WithHostLogging(settings.Broker.Log)
                .WithBroker(broker => broker.Use(settings.Broker)))
            .AddBrokerClient()
            .AddSingleton(services => new Reloading(
                services.GetRequiredService<ActorSystem>, file, services.GetRequiredService<ILogger<Reloading>>()))
            .AddHostedService(services => services.GetRequiredService<Reloading>())
            .AddSingleton<Signals>()
            .AddSingleton<IHostLifetime>(services => services.GetRequiredService<Signals>());
        return builder.Build();
    }

    private static TimeSpan Limit(ShutdownSettings shutdown) => shutdown.DrainTimeout + shutdown.CloseTimeout + Beyond;
}
