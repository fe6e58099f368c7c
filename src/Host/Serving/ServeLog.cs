using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Broker.Host.Serving;

/// <summary>What the process itself says in its log.</summary>
internal static partial class ServeLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "brokerd is ready, and listens at {Doors}")]
    internal static partial void Ready(ILogger log, string doors);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "brokerd is ready, but nobody can come in: broker.gateway.listen and broker.door.listen are empty")]
    internal static partial void ReadyForNobody(ILogger log);

    [LoggerMessage(Level = LogLevel.Error, Message = "brokerd did not start: {Why}")]
    internal static partial void NotStarted(ILogger log, string why);

    [LoggerMessage(Level = LogLevel.Critical, Message = "brokerd did not start")]
    internal static partial void NotStarted(ILogger log, Exception unforeseen);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Signal}: what runs is finished, then brokerd ends")]
    internal static partial void Ending(ILogger log, PosixSignal signal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no configuration file to read again: brokerd was started without one")]
    internal static partial void NothingToReload(ILogger log);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "The configuration was read again and cannot be used; brokerd keeps the settings it has. {Why}")]
    internal static partial void NotReloaded(ILogger log, string why);

    [LoggerMessage(Level = LogLevel.Information, Message = "The configuration was read again: {Taken} hold from now on")]
    internal static partial void Reloaded(ILogger log, string taken);

    [LoggerMessage(Level = LogLevel.Information, Message = "The configuration was read again: none of its settings hold anew")]
    internal static partial void NothingNew(ILogger log);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The configuration was read again, but {Waiting} will hold only after a restart")]
    internal static partial void WaitsForRestart(ILogger log, string waiting);
}
