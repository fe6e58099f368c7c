using Broker.Client.Protocol.Failures;

namespace Broker.Client.Diagnostics;

/// <summary>What kind of failure is shown in metrics and traces.</summary>
internal static class FailureTypes
{
    extension(Failure failure)
    {
        /// <summary>The value of `error.type`: the server's SQLSTATE for a statement's error, else the failure's code.</summary>
        internal string ErrorType => failure is StatementFailed failed ? failed.ServerSqlState : failure.Code;
    }
}
