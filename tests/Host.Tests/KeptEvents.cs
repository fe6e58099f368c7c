using System.Collections.Concurrent;
using Serilog.Core;
using Serilog.Events;

namespace Broker.Host.Tests;

/// <summary>A sink that keeps what is logged.</summary>
internal sealed class KeptEvents : ILogEventSink
{
    private readonly ConcurrentQueue<LogEvent> _events = new();

    public IEnumerable<LogEvent> All => _events;

    public void Emit(LogEvent logEvent) => _events.Enqueue(logEvent);
}
