namespace Broker.Client.Diagnostics;

/// <summary>Names of the attributes on activities. Those that begin with db. or error. are the OpenTelemetry conventions' own.</summary>
internal static class TraceAttributes
{
    internal const string System = "db.system.name";
    internal const string Namespace = "db.namespace";
    internal const string QueryText = "db.query.text";
    internal const string OperationName = "db.operation.name";
    internal const string BatchSize = "db.operation.batch.size";
    internal const string StatusCode = "db.response.status_code";
    internal const string ErrorType = "error.type";
    internal const string Pool = "broker.pool";
    internal const string Connection = "broker.connection";
    internal const string Lease = "broker.lease";
    internal const string Purpose = "broker.lease.purpose";
    internal const string BackendPid = "broker.backend.pid";
    internal const string TripShape = "broker.trip.shape";
    internal const string Stream = "broker.stream";
    internal const string Rerun = "broker.errand.rerun";

    internal const string PostgreSql = "postgresql";
}
