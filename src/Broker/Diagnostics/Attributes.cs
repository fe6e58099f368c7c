namespace Broker.Diagnostics;

/// <summary>
/// Names of the attributes on measurements. Those that begin with db., error. or server. are the OpenTelemetry conventions' own.
/// </summary>
internal static class Attributes
{
    internal const string PoolName = "db.client.connection.pool.name";
    internal const string State = "db.client.connection.state";
    internal const string System = "db.system.name";
    internal const string Namespace = "db.namespace";
    internal const string ErrorType = "error.type";
    internal const string TripShape = "broker.trip.shape";
    internal const string CloseReason = "broker.close.reason";
    internal const string LeakCause = "broker.leak.cause";
    internal const string Outcome = "broker.settlement.outcome";
    internal const string CommitOutcome = "broker.commit.outcome";
    internal const string ClientState = "broker.gateway.client.state";
    internal const string LinkState = "broker.gateway.link.state";
    internal const string CancelOutcome = "broker.gateway.cancel.outcome";
    internal const string CleaningOutcome = "broker.gateway.cleaning.outcome";
    internal const string Server = "broker.server.name";

    internal static KeyValuePair<string, object?> Is(string name, object value) => new(name, value);
}
