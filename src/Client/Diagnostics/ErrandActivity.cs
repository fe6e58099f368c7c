using System.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Diagnostics;

/// <summary>
/// The activity of one statement as its caller sees it, from the call to the answer, reruns included. The broker adds its wait in line
/// and its time on the server as children, when it knows them.
/// </summary>
internal static class ErrandActivity
{
    /// <summary>Whether somebody listens; to be asked before anything else, so that nothing else costs.</summary>
    internal static bool IsWatched(TracingOptions options) => options.Enabled && BrokerSource.Activities.HasListeners();

    /// <summary>
    /// Starts the activity as a child of the caller's own; null when no listener wants it. Until more is known it is named after the
    /// database.
    /// </summary>
    /// <param name="database">The database's name in the broker's settings.</param>
    /// <param name="statement">The statement.</param>
    /// <param name="options">Whether its text is told.</param>
    internal static Activity? Start(string database, Statement statement, TracingOptions options)
    {
        var attributes = new ActivityTagsCollection
        {
            { TraceAttributes.System, TraceAttributes.PostgreSql },
            { TraceAttributes.Namespace, database },
        };
        if (options.StatementTexts)
        {
            attributes.Add(TraceAttributes.QueryText, statement.Text);
        }

        return BrokerSource.Activities.StartActivity(ActivityKind.Client, tags: attributes, name: database);
    }

    /// <summary>The pool that serves it was found, and the statement is about to be sent.</summary>
    internal static void Sent(this Activity? activity, PoolId pool)
    {
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(TraceAttributes.Pool, pool.ToString());
        }
    }

    /// <summary>The statement took effect. Its verb comes from the server's answer, never from the text.</summary>
    internal static void Completed(this Activity? activity, ErrandCompleted answer)
    {
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag(TraceAttributes.OperationName, answer.Verb);
            activity.DisplayName = $"{answer.Verb} {activity.OperationName}";
        }
    }

    /// <summary>
    /// The statement failed. The text of a failure is left out, because the server quotes values in it.
    /// </summary>
    internal static void Failed(this Activity? activity, Exception exception)
    {
        if (activity is null)
        {
            return;
        }

        var failure = (exception as BrokerException ?? exception.InnerException as BrokerException)?.Failure;
        activity.SetTag(TraceAttributes.ErrorType, failure?.ErrorType ?? exception.GetType().FullName);
        if (failure is StatementFailed failed)
        {
            activity.SetTag(TraceAttributes.StatusCode, failed.ServerSqlState);
        }

        activity.SetStatus(ActivityStatusCode.Error, failure?.Code);
    }
}
