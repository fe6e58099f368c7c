using System.Diagnostics;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Client.Diagnostics;

/// <summary>The activity of one stream, from the call to its last row or its disposal.</summary>
internal static class StreamActivity
{
    /// <summary>Starts it. A COPY is named by its verb, rows by their database alone, since their text is not looked into.</summary>
    internal static BorrowActivity Start(string database, StreamSource source, TracingOptions options)
    {
        var copies = source is CopyIn or CopyOut;
        var activity = BorrowActivity.Start(options.Enabled && copies ? $"COPY {database}" : database, ActivityKind.Client,
            database, options);
        if (activity.IsRecorded)
        {
            activity.Tag(TraceAttributes.Stream, Word(source));
            if (copies)
            {
                activity.Tag(TraceAttributes.OperationName, "COPY");
            }

            if (options.StatementTexts)
            {
                activity.Tag(TraceAttributes.QueryText, source.Statement.Text);
            }
        }

        return activity;
    }

    /// <summary>The stream has its connection.</summary>
    internal static void Opened(this BorrowActivity activity, PoolId pool)
    {
        if (activity.IsRecorded)
        {
            activity.Tag(TraceAttributes.Pool, pool.ToString());
        }

        activity.Granted();
    }

    private static string Word(StreamSource source) => source switch
    {
        CopyIn => "copy_in",
        CopyOut => "copy_out",
        _ => "rows",
    };
}
