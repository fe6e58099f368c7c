using System.Globalization;
using Akka.Hosting;
using Broker.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Serilog;
using Serilog.Events;

namespace Broker.Host;

/// <summary>
/// How brokerd logs: to the console, one line per event, which begins with the place it is about (pool, connection, lease). The actors'
/// logs take the same way, through the host's logger factory.
/// </summary>
internal static class Logging
{
    private const string Template = "{Timestamp:HH:mm:ss.fff} {Level:u3} {" + PlaceEnricher.Name + "}{Message:lj}{NewLine}{Exception}";

    // The host throws this failure as well, and whoever started it says what it means.
    private const string ToldInOurWords = "Hosting failed to start";

    /// <summary>Makes Serilog the host's logging.</summary>
    internal static IServiceCollection AddBrokerLogging(this IServiceCollection services, LogSettings settings) =>
        services.AddSerilog(logger => Configure(logger, settings)
            .Filter.ByExcluding(static logged => logged.MessageTemplate.Text == ToldInOurWords)
            .WriteTo.Console(outputTemplate: Template, formatProvider: CultureInfo.InvariantCulture));

    /// <summary>Hands the actors' logs to the host's logging, from the same level on.</summary>
    internal static AkkaConfigurationBuilder WithHostLogging(this AkkaConfigurationBuilder akka, LogSettings settings) =>
        akka.ConfigureLoggers(loggers =>
        {
            loggers.ClearLoggers();
            loggers.AddLoggerFactory();
            loggers.LogLevel = ActorLevel(settings.Level);
        });

    /// <summary>Level and enrichment, without a sink.</summary>
    internal static LoggerConfiguration Configure(LoggerConfiguration logger, LogSettings settings) =>
        logger.MinimumLevel.Is(EventLevel(settings.Level)).Enrich.With(new PlaceEnricher());

    private static LogEventLevel EventLevel(LogLevel level) => level switch
    {
        LogLevel.Debug => LogEventLevel.Debug,
        LogLevel.Information => LogEventLevel.Information,
        LogLevel.Warning => LogEventLevel.Warning,
        LogLevel.Error => LogEventLevel.Error,
    };

    private static Akka.Event.LogLevel ActorLevel(LogLevel level) => level switch
    {
        LogLevel.Debug => Akka.Event.LogLevel.DebugLevel,
        LogLevel.Information => Akka.Event.LogLevel.InfoLevel,
        LogLevel.Warning => Akka.Event.LogLevel.WarningLevel,
        LogLevel.Error => Akka.Event.LogLevel.ErrorLevel,
    };
}
