using System.Collections.Immutable;
using Broker.Connections;
using Broker.Statements;
using Npgsql;

namespace Broker.Errands;

/// <summary>
/// The texts that are prepared on one connection. Each is prepared alone, in a round trip of its own before its second trip, and never by
/// Npgsql in the middle of a trip: that breaks connections (`docs/decisions/npgsql-batch-shapes.md`). Npgsql finds a prepared text by
/// itself when a command carries the same text and types. Of texts that came once only the name is kept, and no more of them than may be
/// prepared. Belongs to one connection; not thread-safe.
/// </summary>
internal sealed class PreparedTexts
{
    private readonly int _capacity;
    private readonly LinkedList<Entry> _byUse = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = [];

    private bool _frameIsPrepared;

    internal PreparedTexts(int capacity) => _capacity = capacity;

    /// <summary>How many texts are kept in mind.</summary>
    internal int Count => _entries.Count;

    private sealed class Entry(string text)
    {
        internal string Text { get; } = text;
        internal NpgsqlCommand? Prepared { get; set; }
        internal bool Refused { get; set; }
    }

    /// <summary>
    /// Prepares what stands around the first group, and the trip's texts that were here before and are not prepared yet. Under a role or
    /// search path nothing is prepared, since a name there means something else for the next caller.
    /// </summary>
    internal async ValueTask PrepareForAsync(NpgsqlConnection connection, Trip trip, ImmutableArray<Carrier> carriers, TripFrame frame)
    {
        if (_capacity == 0)
        {
            return;
        }
        if (!_frameIsPrepared && trip.Shape != TripShape.Alone)
        {
            foreach (var text in frame.Texts)
            {
                await new NpgsqlCommand(text, connection) { CommandTimeout = 0 }.PrepareAsync();
            }
            _frameIsPrepared = true;
        }
        if (!StatementBinder.FindsPrepared(trip))
        {
            return;
        }
        string? last = null;
        foreach (var carrier in carriers)
        {
            var facts = trip.Members[carrier.First].FactsAt(carrier.Number);
            var text = carrier.IsFolded ? facts.Folded! : facts.Text;
            // Most trips carry one text many times; and there is nothing to prepare of a blank one, of which Npgsql refuses the empty.
            if (ReferenceEquals(text, last) || facts.IsBlank || facts.Text.Length > ClassifiedTexts.LongestText)
            {
                continue;
            }
            var due = Note(last = text);
            await ForgetOldestAsync();
            if (due is not null)
            {
                await PrepareInPassingAsync(connection, due, TripBatch.ParametersOf(trip.Members, carrier), frame);
            }
        }
    }

    // The entry to prepare now; null when the text is new, prepared already, or cannot be.
    private Entry? Note(string text)
    {
        if (!_entries.TryGetValue(text, out var node))
        {
            _entries[text] = _byUse.AddFirst(new Entry(text));
            return null;
        }
        if (!ReferenceEquals(_byUse.First, node))
        {
            _byUse.Remove(node);
            _byUse.AddFirst(node);
        }
        return node.Value is { Prepared: null, Refused: false } entry ? entry : null;
    }

    // To prepare a text its tables are locked for a moment. Nobody waits for that longer than for a turn in a group: neither the companions
    // of a member, nor one that is alone and may be cancelled or have a timeout of its own; it then runs as it is.
    private static async Task PrepareInPassingAsync(NpgsqlConnection connection, Entry entry, IEnumerable<NpgsqlParameter> parameters,
        TripFrame frame)
    {
        await using (var begin = new NpgsqlBatch(connection) { Timeout = 0,
            BatchCommands = { new(TripFrame.BeginRead), new(frame.OpenRead) } })
        {
            await begin.ExecuteNonQueryAsync();
        }
        try
        {
            await PrepareAsync(connection, entry, parameters);
        }
        finally
        {
            await ConnectionReset.RollbackAsync(connection);
        }
    }

    private static async Task PrepareAsync(NpgsqlConnection connection, Entry entry, IEnumerable<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlCommand(entry.Text, connection) { CommandTimeout = 0 };
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(parameter);
        }
        try
        {
            await command.PrepareAsync();
            entry.Prepared = command;
        }
        catch (PostgresException error) when (!error.EndsConnection())
        {
            // It fails as the text itself would, and says so to the caller when it runs. A lock will be gone another time.
            entry.Refused = error.SqlState != PostgresErrorCodes.LockNotAvailable;
        }
    }

    private async Task ForgetOldestAsync()
    {
        while (_entries.Count > _capacity && _byUse.Last is { } oldest)
        {
            _byUse.RemoveLast();
            _entries.Remove(oldest.Value.Text);
            if (oldest.Value.Prepared is { } prepared)
            {
                await prepared.UnprepareAsync();
            }
        }
    }
}
