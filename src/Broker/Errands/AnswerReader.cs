using Broker.Client.Protocol.Values;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// Reads what the server answers to a trip, statement by statement, and notes in its <see cref="TripProgress"/> how far it came. Belongs to
/// one connection. What follows from an error or a loss is the <see cref="TripRunner"/>'s.
/// </summary>
internal sealed class AnswerReader
{
    private readonly RowReader _rows;
    private readonly TripLimits _limits;

    internal AnswerReader(RowReader rows, TripLimits limits) => (_rows, _limits) = (rows, limits);

    /// <summary>Reads them to the last, or until <see cref="TripProgress.CutShort"/> says why not.</summary>
    /// <exception cref="UnexpectedAnswerException">The server answered something else than was asked.</exception>
    internal async Task ReadAsync(NpgsqlDataReader reader, TripBatch batch, TripProgress run)
    {
        for (var i = 0; i < batch.AnswersBefore; i++)
        {
            await reader.NextResultAsync();
        }
        var clocked = run.IsFramed && run.Trip.Shape != TripShape.Alone;
        var began = default(DateTime);
        if (clocked)
        {
            began = await ClockAsync(reader);
            if (run.Trip.Shape == TripShape.WriteGroup)
            {
                run.TransactionId = reader.GetFieldValue<ulong>(1);
            }
            await reader.NextResultAsync();
        }
        for (var i = 0; i < run.Carriers.Length; i++)
        {
            run.CutShort = run.Carriers[i].IsFolded
                ? await ReadFoldedAsync(reader, run, run.Carriers[i])
                : await ReadOneAsync(reader, batch, run, i);
            if (run.CutShort is { } end)
            {
                await (end == FoldedEnd.TooLarge ? batch.CancelAsync() : Task.CompletedTask);
                return;
            }
        }
        if (clocked)
        {
            run.Work = await ClockAsync(reader) - began;
            run.AllCompleted();
        }
        if (await reader.NextResultAsync())
        {
            throw new UnexpectedAnswerException("the server sent more results than the trip has statements");
        }
        run.AllCompleted();
    }

    private async ValueTask<FoldedEnd?> ReadOneAsync(NpgsqlDataReader reader, TripBatch batch, TripProgress run, int number)
    {
        var carrier = run.Carriers[number];
        var errand = run.Trip.Members[carrier.First];
        var facts = errand.FactsAt(carrier.Number);
        if (!AnswersRows(reader, batch, run.Trip, facts, number))
        {
            // It sends no result of its own: that it is complete shows when a later one is, or at the end.
            run.SentNoRows(carrier, new(facts.Verb, -1, RowSet.Empty));
            return null;
        }
        var rows = await _rows.ReadAsync(reader, facts.Text, LimitOf(run.Trip, errand) - run.BytesBefore(carrier));
        run.BytesRead = run.BytesBefore(carrier) + _rows.BytesRead;
        if (run.Trip.Members.Length > 1 && _rows.BytesRead > _limits.ReplyLimit)
        {
            run.TooLargeForGroup = run.TooLargeForGroup.Add((facts.Text, AloneForEver.ReplyOverLimit));
        }
        if (rows is null && run.Trip.Shape != TripShape.WriteGroup)
        {
            return FoldedEnd.TooLarge;
        }
        if (rows is not null && _rows.Unreadable is { } unreadable)
        {
            // Of a type that is new to the connection it can be read the next time.
            var again = _rows.MetNewType && !errand.RunsAgain && run.Trip.Shape != TripShape.WriteGroup && !errand.Writes;
            run.CompletedUnreadable(carrier, again ? null : unreadable);
        }
        else
        {
            run.Completed(carrier, rows is null ? null : new(facts.Verb, -1, rows));
        }
        await reader.NextResultAsync();
        return null;
    }

    // Which reads answer rows is known. A write may be any text when it has no company, and what was misjudged must not shift the answers
    // of others.
    private static bool AnswersRows(NpgsqlDataReader reader, TripBatch batch, Trip trip, TextFacts facts, int carrier) => trip.Shape switch
    {
        TripShape.Alone => reader.FieldCount > 0 || facts.ReturnsRows,
        TripShape.WriteGroup => batch.StandsAt(reader, carrier),
        _ => facts.ReturnsRows,
    };

    private async ValueTask<FoldedEnd?> ReadFoldedAsync(NpgsqlDataReader reader, TripProgress run, Carrier carrier)
    {
        var facts = run.Trip.Members[carrier.First].Facts;
        var answers = new RowSet[carrier.Count];
        var limit = long.MaxValue;
        for (var i = carrier.First; i < carrier.End; i++)
        {
            limit = Math.Min(limit, LimitOf(run.Trip, run.Trip.Members[i]));
        }
        var end = await _rows.ReadFoldedAsync(reader, facts, answers, limit);
        if (end == FoldedEnd.TooLarge && _rows.BytesRead > _limits.ReplyLimit)
        {
            run.TooLargeForGroup = [(facts.Text, AloneForEver.ReplyOverLimit)];
        }
        if (end != FoldedEnd.Complete)
        {
            return end;
        }
        for (var i = 0; i < answers.Length; i++)
        {
            run.Completed(new(carrier.First + i, 1), new(facts.Verb, -1, answers[i]));
        }
        await reader.NextResultAsync();
        return null;
    }

    private static async ValueTask<DateTime> ClockAsync(NpgsqlDataReader reader) =>
        await reader.ReadAsync()
            ? reader.GetFieldValue<DateTime>(0)
            : throw new UnexpectedAnswerException("the server's clock did not answer");

    // A write group's COMMIT is on its way already and cannot be called back, so its answers are kept as if each had come alone.
    private long LimitOf(Trip trip, Errand errand) =>
        trip.Shape == TripShape.ReadGroup && trip.Members.Length > 1
            ? Math.Min(_limits.ReplyLimit, _limits.ResultLimitOf(errand))
            : _limits.ResultLimitOf(errand);
}

/// <summary>The server answered something else than was asked: nothing of the connection can be trusted any more.</summary>
internal sealed class UnexpectedAnswerException(string message) : Exception(message);
