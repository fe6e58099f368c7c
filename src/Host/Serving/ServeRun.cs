using Broker.Client;
using Broker.Configuration;
using Broker.Postgres;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Host.Serving;

/// <summary>`brokerd serve`: the broker as a process of its own, in the foreground, until a signal ends it.</summary>
internal static class ServeRun
{
    private const int Served = 0;
    private const int Failed = 1;
    private const int Refused = 2;

    /// <summary>Runs it. 0 when a signal ended it, 1 when it could not start or did not last, 2 when its settings are wrong.</summary>
    internal static async Task<int> RunAsync(string? file)
    {
        SocketThreads.GoOnAtOnce();
        try
        {
            return file is null ? await RunPrivatelyAsync() : await RunAsync(ServedSettings.Load(file), file, invitation: null);
        }
        catch (SettingsException wrong)
        {
            return await EndAsync(Refused, wrong.Message);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException && file is not null)
        {
            return await EndAsync(Refused, $"The configuration cannot be read: {unreadable.Message}");
        }
        catch (LocalPostgresException missing)
        {
            return await EndAsync(Failed,
                $"brokerd was given no configuration, and cannot start a PostgreSQL of its own: {missing.Message}");
        }
    }

    private static async Task<int> RunPrivatelyAsync()
    {
        await using var server = await PrivateServer.StartAsync();
        int ended;
        do
        {
            ended = await RunAsync(ServedSettings.Parse(server.Hocon, "brokerd"), file: null, server.Invitation);
        }
        while (ended == Failed && server.LeaveTakenPorts());
        return ended;
    }

    private static async Task<int> RunAsync(ServedSettings settings, string? file, string? invitation)
    {
        using var host = ServeHost.Build(settings, file);
        var signals = host.Services.GetRequiredService<Signals>();
        var log = host.Services.GetRequiredService<ILoggerFactory>().CreateLogger("brokerd");
        var service = ServiceNotices.Find();
        try
        {
            await host.StartAsync();
        }
        catch (OperationCanceledException) when (signals.AskedToEnd)
        {
            return Served;
        }
        catch (BrokerException refused)
        {
            ServeLog.NotStarted(log, refused.Message);
            return Failed;
        }
        catch (Exception unforeseen)
        {
            ServeLog.NotStarted(log, unforeseen);
            return Failed;
        }
        TellReady(log, settings.Broker);
        service.Ready();
        if (invitation is not null)
        {
            Console.WriteLine(invitation);
        }
        using var ending = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(service.Stopping);
        await host.WaitForShutdownAsync();
        return signals.AskedToEnd ? Served : Failed;
    }

    private static void TellReady(ILogger log, BrokerSettings settings)
    {
        var doors = string.Join(", ", Doors(settings));
        if (doors.Length > 0)
        {
            ServeLog.Ready(log, doors);
        }
        else
        {
            ServeLog.ReadyForNobody(log);
        }
    }

    private static IEnumerable<string> Doors(BrokerSettings settings)
    {
        foreach (var address in settings.Gateway.Listen)
        {
            yield return $"{address}";
        }
        if (settings.Door.Listen is { } listen)
        {
            yield return $"akka.tcp://{settings.Door.KnownAs}@{listen}";
        }
    }

    private static async Task<int> EndAsync(int code, string why)
    {
        await Console.Error.WriteLineAsync(why);
        return code;
    }
}
