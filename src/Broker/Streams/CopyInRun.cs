using Broker.Client.Protocol.Messages;
using Npgsql;

namespace Broker.Streams;

/// <summary>
/// The bytes of COPY ... FROM STDIN, passed on as they were given. The server says what is wrong with them at the end only; until then it
/// drops what follows the mistake.
/// </summary>
internal sealed class CopyInRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection) : CopyRun(plan, request, connection)
{
    internal override async Task<StreamPiece> NextAsync(ReadOnlyMemory<byte> given)
    {
        await Copy!.WriteAsync(given);
        return new(new CopyDataTaken(Id));
    }

    private protected override async Task<NpgsqlRawCopyStream> BeginTextAsync(string text) =>
        (NpgsqlRawCopyStream)((StreamWriter)await Connection.BeginTextImportAsync(text)).BaseStream;

    // A COPY from the client waits for it: to be told that it fails is enough.
    private protected override void CancelOnServer()
    {
    }

    private protected override Task GiveUpAsync(NpgsqlRawCopyStream copy) => copy.CancelAsync();
}
