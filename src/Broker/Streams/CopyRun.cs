using Broker.Client.Protocol.Messages;
using Broker.Statements;
using Npgsql;

namespace Broker.Streams;

/// <summary>A COPY to or from the caller, as bytes that nobody looks at.</summary>
internal abstract class CopyRun : StreamRun
{
    private protected CopyRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection) : base(plan, request, connection)
    {
    }

    internal sealed override async Task<StreamPiece> OpenAsync()
    {
        await SendBeginAsync();
        var text = Request.Source.Statement.Text;
        Copy = CopyShape.Of(text)!.IsBinary ? await Connection.BeginRawBinaryCopyAsync(text) : await BeginTextAsync(text);
        return new(null);
    }

    internal sealed override async Task<StreamPiece> FinishAsync()
    {
        var copy = Copy!;
        Copy = null;
        await copy.DisposeAsync();
        return await CompleteAsync(CopiedRows.Of(Connection));
    }

    /// <summary>The bytes; null before it has begun and when it is over.</summary>
    private protected NpgsqlRawCopyStream? Copy { get; private set; }

    // While a step is under way Npgsql does not ask the server, but breaks the connection.
    private protected sealed override bool CanCancelStep => false;

    /// <summary>Begins a COPY in a text format. Npgsql gives a reader or writer of text for it; the bytes are below.</summary>
    private protected abstract Task<NpgsqlRawCopyStream> BeginTextAsync(string text);

    /// <summary>Ends a COPY that is not to be completed.</summary>
    private protected abstract Task GiveUpAsync(NpgsqlRawCopyStream copy);

    private protected sealed override async Task EndAsync()
    {
        if (Copy is { } copy)
        {
            Copy = null;
            await GiveUpAsync(copy);
        }
    }
}
