using Broker.Client.Protocol.Messages;
using Broker.Errands;
using Npgsql;

namespace Broker.Streams;

/// <summary>
/// The rows of a query. The server is read chunk by chunk: what is not asked for stays in its send buffer, and holds it up.
/// </summary>
internal sealed class QueryRun : StreamRun
{
    private readonly RowReader _rows = new();
    private readonly string _text;
    private NpgsqlBatch? _batch;
    private NpgsqlDataReader? _reader;
    private long _count;
    private bool _told;

    internal QueryRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection) : base(plan, request, connection) =>
        _text = request.Source.Statement.Text;

    internal override async Task<StreamPiece> OpenAsync()
    {
        _batch = Begin();
        // Not what errands had prepared for this text: it may be out of date, and a stream is worth a parse.
        _batch.BatchCommands.Add(StatementBinder.Make(Request.Source.Statement, findsPrepared: false));
        _reader = await _batch.ExecuteReaderAsync();
        foreach (var setting in ContextStatements.For(Request.Context))
        {
            await _reader.NextResultAsync();
        }
        return new(null);
    }

    internal override async Task<StreamPiece> NextAsync(ReadOnlyMemory<byte> given)
    {
        var (rows, ended) = await _rows.ReadChunkAsync(_reader!, _text, Settings.ChunkRows, Settings.ChunkBytes, CancellationToken.None);
        if (_rows.Unreadable is { } unreadable)
        {
            throw new InvalidCastException(unreadable.Reason);
        }
        _count += rows.Count;
        // The first one says what the columns are, also where no row follows.
        var chunk = rows.Count > 0 || !_told ? new StreamRows(Id, rows) : null;
        _told = true;
        return new(chunk, ended ? WhatFollows.Finish : WhatFollows.More);
    }

    internal override async Task<StreamPiece> FinishAsync()
    {
        // Errors that come behind the last row are thrown here.
        await _reader!.NextResultAsync();
        await EndAsync();
        return await CompleteAsync(_count);
    }

    private protected override bool CanCancelStep => true;

    private protected override void CancelOnServer() => _batch?.Cancel();

    private protected override async Task EndAsync()
    {
        if (_reader is { } reader)
        {
            await reader.DisposeAsync();
        }
        if (_batch is { } batch)
        {
            await batch.DisposeAsync();
        }
    }
}
