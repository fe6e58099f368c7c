using Broker.Client.Protocol.Messages;
using Broker.Statements;
using Npgsql;

namespace Broker.Streams;

/// <summary>
/// The bytes of COPY ... FROM STDIN, passed on as they were given. The server says what is wrong with them at the end only; until then it drops
/// what follows the mistake.
/// </summary>
internal sealed class CopyInRun : StreamRun
{
    private NpgsqlRawCopyStream? _copy;

    internal CopyInRun(StreamPlan plan, OpenStream request, NpgsqlConnection connection) : base(plan, request, connection)
    {
    }

    internal override async Task<StreamPiece> OpenAsync()
    {
        await SendBeginAsync();
        var text = Request.Source.Statement.Text;
        _copy = CopyShape.Of(text)!.IsBinary
            ? await Connection.BeginRawBinaryCopyAsync(text)
            : (NpgsqlRawCopyStream)((StreamWriter)await Connection.BeginTextImportAsync(text)).BaseStream;
        return new(null);
    }

    internal override async Task<StreamPiece> NextAsync(ReadOnlyMemory<byte> given)
    {
        await _copy!.WriteAsync(given);
        return new(new CopyDataTaken(Id));
    }

    internal override async Task<StreamPiece> FinishAsync()
    {
        var copy = _copy!;
        _copy = null;
        await copy.DisposeAsync();
        return await CompleteAsync(CopiedRows.Of(Connection));
    }

    private protected override bool CanCancelStep => false;

    // A COPY from the client waits for it: to be told that it fails is enough.
    private protected override void CancelOnServer()
    {
    }

    private protected override async Task EndAsync()
    {
        if (_copy is { } copy)
        {
            _copy = null;
            await copy.CancelAsync();
        }
    }
}
