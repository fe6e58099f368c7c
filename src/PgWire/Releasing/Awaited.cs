using Broker.PgWire.Messages;

namespace Broker.PgWire.Releasing;

/// <summary>A message that was sent to a server and has not been answered whole.</summary>
internal enum Awaited : byte
{
    /// <summary>Query: anything, up to ReadyForQuery.</summary>
    Query,

    /// <summary>FunctionCall: its answer and ReadyForQuery.</summary>
    FunctionCall,

    /// <summary>Sync: ReadyForQuery.</summary>
    Sync,

    /// <summary>Parse: ParseComplete.</summary>
    Parse,

    /// <summary>Bind: BindComplete.</summary>
    Bind,

    /// <summary>Close: CloseComplete.</summary>
    Close,

    /// <summary>Describe of a statement: ParameterDescription, then the columns.</summary>
    DescribeStatement,

    /// <summary>Describe of a portal, or of a statement whose parameters were told: RowDescription or NoData.</summary>
    DescribeColumns,

    /// <summary>Execute: rows, up to CommandComplete, EmptyQueryResponse or PortalSuspended.</summary>
    Execute,

    /// <summary>CopyDone or CopyFail: no answer of its own; ends what the server reads as data.</summary>
    CopyEnd,

    /// <summary>Nothing was sent: ParseComplete is answered here, when all before it is answered.</summary>
    ParseHere,

    /// <summary>Nothing was sent: CloseComplete is answered here, when all before it is answered.</summary>
    CloseHere,
}

/// <summary>What answers what.</summary>
internal static class Answers
{
    /// <summary>
    /// Whether a message of the server may come while this one is being answered, and whether it is the last of its answers.
    /// </summary>
    internal static Answer To(Awaited awaited, BackendType type) => (awaited, type) switch
    {
        (Awaited.Query or Awaited.FunctionCall or Awaited.Sync, BackendType.ReadyForQuery) => Answer.Last,
        (Awaited.FunctionCall, BackendType.FunctionCallResponse) => Answer.Part,
        (Awaited.Query,
            BackendType.RowDescription or BackendType.DataRow or BackendType.CommandComplete or BackendType.EmptyQueryResponse) =>
                Answer.Part,
        (Awaited.Query or Awaited.Execute, BackendType.CopyInResponse or BackendType.CopyOutResponse or BackendType.CopyBothResponse) =>
            Answer.Part,
        (Awaited.Query or Awaited.Execute, BackendType.CopyData or BackendType.CopyDone) => Answer.Part,
        (Awaited.Execute, BackendType.DataRow) => Answer.Part,
        (Awaited.Execute, BackendType.CommandComplete or BackendType.EmptyQueryResponse or BackendType.PortalSuspended) => Answer.Last,
        (Awaited.Parse, BackendType.ParseComplete) => Answer.Last,
        (Awaited.Bind, BackendType.BindComplete) => Answer.Last,
        (Awaited.Close, BackendType.CloseComplete) => Answer.Last,
        (Awaited.DescribeStatement, BackendType.ParameterDescription) => Answer.Part,
        (Awaited.DescribeColumns, BackendType.RowDescription or BackendType.NoData) => Answer.Last,
        _ => Answer.None,
    };

    /// <summary>Whether an error makes the server skip to the next Sync.</summary>
    internal static bool IsExtended(Awaited awaited) => !EndsSeries(awaited) && awaited is not Awaited.CopyEnd;

    /// <summary>Whether the server waits for no Sync behind it.</summary>
    internal static bool EndsSeries(Awaited awaited) => awaited is Awaited.Query or Awaited.FunctionCall or Awaited.Sync;
}

/// <summary>What a message of the server is to the one that is being answered.</summary>
internal enum Answer
{
    /// <summary>It does not answer it.</summary>
    None,

    /// <summary>It is one of several.</summary>
    Part,

    /// <summary>It is the last.</summary>
    Last,
}
