using System.Globalization;
using Akka.Actor;
using Akka.Event;
using Akka.Hosting;
using Broker.Client.Protocol;
using Broker.Configuration;
using Microsoft.Extensions.Hosting;
using Serilog;
using Serilog.Events;
using Serilog.Formatting.Display;
using Xunit;
using LogEvent = Serilog.Events.LogEvent;

namespace Broker.Host.Tests;

public sealed class LoggingTests
{
    [Fact]
    public async Task What_an_actor_logs_arrives_with_the_ids_of_pool_connection_and_lease_as_properties()
    {
        var logged = await LogByActorAsync(
            "information",
                log =>
                    log.Warning("{Pool} {Connection} lent as {Lease}", new PoolId("orders", "app"), new ConnectionId(3), new LeaseId(17)));

        Assert.Equal(("orders~app", "c3", "l17"), (Text(logged, "Pool"), Text(logged, "Connection"), Text(logged, "Lease")));
        Assert.Equal(LogEventLevel.Warning, logged.Level);
        Assert.Contains("/user/talker", Text(logged, "ActorPath"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_begins_with_the_place_it_is_about()
    {
        var logged = await LogByActorAsync(
            "information", log => log.Warning("{Connection} of pool {Pool} was lost", new ConnectionId(3), new PoolId("orders", "app")));
        var line = new StringWriter();
        new MessageTemplateTextFormatter("{Level:u3} {Place}{Message:lj}", CultureInfo.InvariantCulture).Format(logged, line);

        Assert.Equal("WRN orders~app/c3 c3 of pool orders~app was lost", line.ToString());
    }

    [Fact]
    public async Task A_line_about_no_place_begins_with_none()
    {
        var logged = await LogByActorAsync("information", log => log.Warning("The end is near"));

        Assert.False(logged.Properties.ContainsKey("Place"));
    }

    [Theory]
    [InlineData("debug", "debug information warning error")]
    [InlineData("information", "information warning error")]
    [InlineData("warning", "warning error")]
    [InlineData("error", "error")]
    public async Task The_level_of_the_settings_is_the_least_that_is_written(string level, string expected)
    {
        var kept = await LogAsync(level, log =>
        {
            log.Debug("said: debug");
            log.Info("said: information");
            log.Warning("said: warning");
            log.Error("said: error");
        });

        Assert.Equal(expected,
            string.Join(' ',
                kept.All.Select(one => one.MessageTemplate.Text).Where(text => text.StartsWith("said: ", StringComparison.Ordinal))
                    .Select(text => text[6..])));
    }

    private static async Task<LogEvent> LogByActorAsync(string level, Action<ILoggingAdapter> say) =>
        Assert.Single((await LogAsync(level, say)).All,
            one => one.Properties.TryGetValue("ActorPath", out var path) && path.ToString()
                .Contains("/user/talker", StringComparison.Ordinal));

    private static string? Text(LogEvent logged, string property) => (logged.Properties[property] as ScalarValue)?.Value?.ToString();

    /// <summary>Runs a host with an actor that logs once, and ends it, after which all it said has been written.</summary>
    private static async Task<KeptEvents> LogAsync(string level, Action<ILoggingAdapter> say)
    {
        var settings = BrokerSettings.Parse($"broker.log.level = {level}").Log;
        var kept = new KeptEvents();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSerilog(logger => Logging.Configure(logger, settings).WriteTo.Sink(kept));
        builder.Services.AddAkka("logging", akka => akka.WithHostLogging(settings));
        using var host = builder.Build();
        await host.StartAsync();
        var system = (ActorSystem)host.Services.GetService(typeof(ActorSystem))!;
        var talker = system.ActorOf(Props.Create(() => new Talker(say)), "talker");
        await talker.GracefulStop(TimeSpan.FromSeconds(30));
        // a system that ends stops its loggers with what waits for them
        Akka.Event.Logging.GetLogger(system, nameof(LoggingTests)).Error(KeptEvents.Last);
        await kept.HasLast.WaitAsync(TimeSpan.FromSeconds(30));
        await host.StopAsync();
        return kept;
    }

    private sealed class Talker : ReceiveActor
    {
        private readonly Action<ILoggingAdapter> _say;

        public Talker(Action<ILoggingAdapter> say) => _say = say;

        protected override void PreStart() => _say(Context.GetLogger());
    }
}
