using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Running;

/// <summary>Rows of a cursor in a transaction; other statements of it run between its chunks.</summary>
internal sealed class CursorChunks : RowChunks
{
    private readonly Conversation _conversation;
    private readonly CursorId _cursor;
    private CursorRows? _next;
    private bool _ended;

    internal CursorChunks(Conversation conversation, CursorId cursor, CursorRows first) =>
        (_conversation, _cursor, _next, _ended) = (conversation, cursor, first, first.Ended);

    internal override async ValueTask<RowSet?> NextAsync(CancellationToken cancellation)
    {
        if (_next is not { } chunk)
        {
            if (_ended)
                return null;
            chunk = await _conversation.FetchAsync(_cursor, cancellation).ConfigureAwait(false);
        }

        (_next, _ended) = (null, chunk.Ended);
        return chunk.Rows;
    }

    public override ValueTask DisposeAsync()
    {
        if (_ended)
            return ValueTask.CompletedTask;
        _ended = true;
        return _conversation.CloseAsync(_cursor);
    }
}
