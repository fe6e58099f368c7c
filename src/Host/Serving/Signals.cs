using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Broker.Host.Serving;

/// <summary>
/// What the system tells the process. SIGTERM and SIGINT end it when what runs is finished; a second one of them ends it at once. SIGHUP
/// has the configuration read again.
/// </summary>
internal sealed class Signals : IHostLifetime, IDisposable
{
    private readonly IHostApplicationLifetime _application;
    private readonly Reloading _reloading;
    private readonly ILogger _log;
    private readonly List<PosixSignalRegistration> _registrations = [];
    private int _asked;

    public Signals(IHostApplicationLifetime application, Reloading reloading, ILogger<Signals> log) =>
        (_application, _reloading, _log) = (application, reloading, log);

    /// <summary>Whether a signal asked the process to end.</summary>
    internal bool AskedToEnd => Volatile.Read(ref _asked) > 0;

    public Task WaitForStartAsync(CancellationToken cancellationToken)
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, End));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, End));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload));
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _registrations.ForEach(registration => registration.Dispose());

    // What is not cancelled does what it does to any program.
    private void End(PosixSignalContext context)
    {
        context.Cancel = Interlocked.Increment(ref _asked) == 1;
        if (context.Cancel)
        {
            ServeLog.Ending(_log, context.Signal);
            _application.StopApplication();
        }
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        _reloading.Ask();
    }
}
