using System.Diagnostics;

namespace Broker.Client.Diagnostics;

/// <summary>
/// The activity of having a connection for a while (a lease, a stream), from the request to the return, with its wait in line as a child.
/// It never becomes the caller's current activity, since it ends on whatever thread the connection is given back. The default value is
/// one that nobody listens to.
/// </summary>
internal readonly struct BorrowActivity
{
    private readonly Activity? _whole;
    private readonly Activity? _wait;

    private BorrowActivity(Activity whole, Activity? wait) => (_whole, _wait) = (whole, wait);

    /// <summary>Somebody asks for a connection. A child of the caller's own activity.</summary>
    /// <param name="name">What it will be called.</param>
    /// <param name="kind">Client when statements are sent in it, else internal.</param>
    /// <param name="database">The database's name in the broker's settings.</param>
    /// <param name="options">Whether activities are started.</param>
    internal static BorrowActivity Start(string name, ActivityKind kind, string database, TracingOptions options)
    {
        if (!options.Enabled || !BrokerSource.Activities.HasListeners())
        {
            return default;
        }

        var current = Activity.Current;
        var whole = BrokerSource.Activities.StartActivity(
            name, kind, default(ActivityContext),
                [new(TraceAttributes.System, TraceAttributes.PostgreSql), new(TraceAttributes.Namespace, database)]);
        var wait = whole is null ? null : BrokerSource.Activities.StartActivity("wait", ActivityKind.Internal, whole.Context);
        Activity.Current = current;
        return whole is null ? default : new BorrowActivity(whole, wait);
    }

    /// <summary>Whether a listener wants attributes.</summary>
    internal bool IsRecorded => _whole is { IsAllDataRequested: true };

    /// <summary>Adds an attribute.</summary>
    internal void Tag(string attribute, object? value) => _whole?.SetTag(attribute, value);

    /// <summary>The connection is the caller's: the wait is over.</summary>
    internal void Granted() => Stop(_wait);

    /// <summary>It came to nothing, or broke off.</summary>
    internal void Failed(Exception exception)
    {
        if (_whole is { IsStopped: false })
        {
            _whole.Failed(exception);
        }

        Ended();
    }

    /// <summary>The connection was given back. Only the first end counts.</summary>
    internal void Ended()
    {
        Stop(_wait);
        Stop(_whole);
    }

    private static void Stop(Activity? activity)
    {
        if (activity is { IsStopped: false })
        {
            // stopping makes current what was current at the start, which may be long past
            var current = Activity.Current;
            activity.Stop();
            Activity.Current = current;
        }
    }
}
