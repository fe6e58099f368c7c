using System.Collections.Concurrent;
using Serilog.Core;
using Serilog.Events;

namespace Broker.Host.Tests;

/// <summary>A sink that keeps what is logged.</summary>
internal sealed class KeptEvents : ILogEventSink
{
    /// <summary>The text of a line after which nothing is to come.</summary>
    internal const string Last = "that is all";

    private readonly ConcurrentQueue<LogEvent> _events = new();
    private readonly TaskCompletionSource _last = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IEnumerable<LogEvent> All => _events;

    /// <summary>Ends with the line <see cref="Last"/>.</summary>
    internal Task HasLast => _last.Task;

    public void Emit(LogEvent logEvent)
    {
        _events.Enqueue(logEvent);
        if (logEvent.MessageTemplate.Text == Last)
            _last.TrySetResult();
    }
}
