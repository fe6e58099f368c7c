using Broker.Client.Protocol.Messages;
using Broker.Statements;
using Npgsql;

namespace Broker.Streams;

/// <summary>The bytes of COPY ... TO STDOUT as the server sends them, in whatever format the statement says.</summary>
internal sealed class CopyOutRun : StreamRun
{
    private NpgsqlRawCopyStream? _copy;

    internal CopyOutRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection) : base(plan, request, connection)
    {
    }

    internal override async Task<StreamPiece> OpenAsync()
    {
        await SendBeginAsync();
        var text = Request.Source.Statement.Text;
        _copy = CopyShape.Of(text)!.IsBinary
            ? await Connection.BeginRawBinaryCopyAsync(text)
            : (NpgsqlRawCopyStream)((StreamReader)await Connection.BeginTextExportAsync(text)).BaseStream;
        return new(null);
    }

    internal override async Task<StreamPiece> NextAsync(ReadOnlyMemory<byte> given)
    {
        var chunk = new byte[Settings.ChunkBytes];
        var count = await _copy!.ReadAtLeastAsync(chunk, chunk.Length, throwOnEndOfStream: false);
        var bytes = count > 0 ? new StreamBytes(Id, chunk.AsMemory(0, count)) : null;
        return new(bytes, count < chunk.Length ? WhatFollows.Finish : WhatFollows.More);
    }

    internal override async Task<StreamPiece> FinishAsync()
    {
        await EndAsync();
        return await CompleteAsync(CopiedRows.Of(Connection));
    }

    // While a read is under way Npgsql does not ask the server, but breaks the connection.
    private protected override bool CanCancelStep => false;

    private protected override void CancelOnServer() => _copy?.Cancel();

    private protected override async Task EndAsync()
    {
        if (_copy is { } copy)
        {
            _copy = null;
            await copy.DisposeAsync();
        }
    }
}
