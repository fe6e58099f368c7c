using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Broker.Errands;
using Npgsql;

namespace Broker.Sessions.Work;

/// <summary>Reads what the server answers to a batch of work. Belongs to one connection.</summary>
/// <param name="limit">How large the rows of one command may be, roughly, in bytes.</param>
internal sealed class AnswersOfWork(long limit)
{
    private readonly RowReader _rows = new();

    /// <summary>Reads all answers.</summary>
    internal async Task ReadAsync(NpgsqlDataReader reader, WorkBatch batch, WorkProgress progress)
    {
        var seen = 0;
        do
        {
            var current = batch.Current(reader, seen);
            Complete(batch, progress, seen, current);
            if (current == batch.Count)
            {
                return;
            }
            seen = current + 1;
            await ReadOneAsync(reader, batch, current, progress);
        }
        while (await reader.NextResultAsync());
        Complete(batch, progress, seen, batch.Count);
    }

    private async ValueTask ReadOneAsync(NpgsqlDataReader reader, WorkBatch batch, int current, WorkProgress progress)
    {
        switch (batch.PartAt(current))
        {
            case (Part.Step, var step):
                var rows = await _rows.ReadAsync(reader, batch.TextAt(current), limit - progress.Bytes);
                progress.Bytes += _rows.BytesRead;
                if (rows is null)
                {
                    progress.Spoilt ??= (new ResultTooLarge(limit), step);
                    // What was not read is read away; a COMMIT that was sent with it cannot be called back.
                    await (batch.Commits ? Task.CompletedTask : Task.Run(batch.Cancel));
                }
                else if (_rows.Unreadable is { } unreadable)
                {
                    progress.Spoilt ??= (unreadable, step);
                }
                progress.Answered(step, batch.Affected(current), rows ?? RowSet.Empty);
                NoteVerb(batch, progress, current, step);
                break;
            case (Part.Id, _):
                if (!await reader.ReadAsync())
                {
                    break;
                }
                if (!await reader.IsDBNullAsync(0))
                {
                    progress.TransactionId = reader.GetFieldValue<ulong>(0);
                }
                else
                {
                    progress.WroteNothing = progress.Work is { Commits: true, Steps.IsEmpty: true };
                }
                break;
        }
    }

    /// <summary>Commands that answered no rows show that they are complete when a later one answers, or at the end.</summary>
    private static void Complete(WorkBatch batch, WorkProgress progress, int from, int to)
    {
        for (var i = from; i < to; i++)
        {
            if (batch.PartAt(i) is (Part.Step, var step))
            {
                progress.Answered(step, batch.Affected(i), RowSet.Empty);
                NoteVerb(batch, progress, i, step);
            }
        }
    }

    private static void NoteVerb(WorkBatch batch, WorkProgress progress, int index, int step) =>
        progress.Verb = step == 0 ? batch.VerbAt(index) : progress.Verb;
}
