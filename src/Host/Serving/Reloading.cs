using System.Threading.Channels;
using Akka.Actor;
using Broker.Configuration;
using Broker.Hosting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Host.Serving;

/// <summary>
/// Reads the configuration file again when asked, one reading after the other. A file that is wrong changes nothing: its problems are
/// logged, and the broker keeps what it has.
/// </summary>
internal sealed class Reloading : BackgroundService
{
    // One more reading is enough for all who ask while one is under way.
    private readonly Channel<bool> _asked =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Func<ActorSystem> _system;
    private readonly string? _file;
    private readonly ILogger _log;

    /// <param name="system">Gives the broker's actor system, once it has started.</param>
    /// <param name="file">The file; null when there is none.</param>
    /// <param name="log">Where it is told.</param>
    public Reloading(Func<ActorSystem> system, string? file, ILogger<Reloading> log) => (_system, _file, _log) = (system, file, log);

    /// <summary>Has the file read again.</summary>
    internal void Ask() => _asked.Writer.TryWrite(true);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _asked.Reader.ReadAllAsync(stoppingToken))
        {
            await ReloadAsync();
        }
    }

    private async Task ReloadAsync()
    {
        if (_file is null)
        {
            ServeLog.NothingToReload(_log);
            return;
        }
        try
        {
            Tell(await _system().ReloadBrokerAsync(BrokerSettings.Load(_file)));
        }
        catch (Exception wrong) when (wrong is SettingsException or IOException or UnauthorizedAccessException)
        {
            ServeLog.NotReloaded(_log, wrong.Message);
        }
    }

    private void Tell(SettingsReloaded reloaded)
    {
        var (taken, waiting) = (string.Join(", ", reloaded.Taken), string.Join(", ", reloaded.NeedRestart));
        if (taken.Length > 0)
        {
            ServeLog.Reloaded(_log, taken);
        }
        else
        {
            ServeLog.NothingNew(_log);
        }
        if (waiting.Length > 0)
        {
            ServeLog.WaitsForRestart(_log, waiting);
        }
    }
}
