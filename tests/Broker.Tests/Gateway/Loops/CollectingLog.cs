using Akka.Event;

namespace Broker.Tests.Gateway.Loops;

/// <summary>Keeps the warnings.</summary>
internal sealed class CollectingLog(List<string> warnings) : LoggingAdapterBase(DefaultLogMessageFormatter.Instance)
{
    public override bool IsDebugEnabled => false;

    public override bool IsInfoEnabled => false;

    public override bool IsWarningEnabled => true;

    public override bool IsErrorEnabled => true;

    protected override void NotifyLog(LogLevel logLevel, object message, Exception? cause = null) => warnings.Add(message.ToString()!);
}
