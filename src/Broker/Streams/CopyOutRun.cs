using Broker.Client.Protocol.Messages;
using Npgsql;

namespace Broker.Streams;

/// <summary>The bytes of COPY ... TO STDOUT as the server sends them, in whatever format the statement says.</summary>
internal sealed class CopyOutRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection) : CopyRun(plan, request, connection)
{
    internal override async Task<StreamPiece> NextAsync(ReadOnlyMemory<byte> given)
    {
        var chunk = new byte[Settings.ChunkBytes];
        var count = await Copy!.ReadAtLeastAsync(chunk, chunk.Length, throwOnEndOfStream: false);
        var bytes = count > 0 ? new StreamBytes(Id, chunk.AsMemory(0, count)) : null;
        return new(bytes, count < chunk.Length ? WhatFollows.Finish : WhatFollows.More);
    }

    private protected override async Task<NpgsqlRawCopyStream> BeginTextAsync(string text) =>
        (NpgsqlRawCopyStream)((StreamReader)await Connection.BeginTextExportAsync(text)).BaseStream;

    private protected override void CancelOnServer() => Copy?.Cancel();

    private protected override Task GiveUpAsync(NpgsqlRawCopyStream copy) => copy.DisposeAsync().AsTask();
}
