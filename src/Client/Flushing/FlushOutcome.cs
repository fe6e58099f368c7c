using System.Collections.Immutable;
using Broker.Client.Protocol.Failures;

namespace Broker.Client.Flushing;

/// <summary>What came of a flush beside its success.</summary>
/// <param name="Warnings">Deletes that found fewer rows than they meant.</param>
/// <param name="Unread">Changes whose answer was lost: the entities lack what the server gave, and are to be read again.</param>
internal sealed record FlushOutcome(ImmutableArray<MissedDeletes> Warnings, ImmutableArray<EntityChange> Unread)
{
    /// <summary>Its success, and no more.</summary>
    internal static FlushOutcome Plain { get; } = new([], []);

    /// <summary>Why what the server gave could not be set; null when it could.</summary>
    internal Failure? Unfit { get; init; }
}

/// <summary>Rows that were to be deleted and were gone already. No error, since the type has no version.</summary>
/// <param name="Entity">The entity type.</param>
/// <param name="Wanted">How many were to go.</param>
/// <param name="Deleted">How many went.</param>
internal sealed record MissedDeletes(string Entity, int Wanted, long Deleted);

/// <summary>Gathers a <see cref="FlushOutcome"/>.</summary>
internal sealed class OutcomeNotes
{
    private ImmutableArray<MissedDeletes> _warnings = [];
    private ImmutableArray<EntityChange> _unread = [];
    private Failure? _unfit;

    internal FlushOutcome Outcome => _warnings.IsEmpty && _unread.IsEmpty ? FlushOutcome.Plain : new(_warnings, _unread) { Unfit = _unfit };

    internal void Deleted(Batch batch, long rows)
    {
        if (rows >= 0 && rows < batch.Changes.Length)
            _warnings = _warnings.Add(new(batch.Map.Name, batch.Changes.Length, rows));
    }

    internal void Read(Batch batch, int rows)
    {
        if (rows < batch.Changes.Length)
            _unread = _unread.AddRange(batch.Changes);
    }

    internal void Unfit(ImmutableArray<Batch> batches, Exception exception)
    {
        _unread = _unread.AddRange(batches.SelectMany(static batch => batch.Changes));
        _unfit ??= new ResultMismatch(
            $"rows of {string.Join(", ", batches.Select(static batch => batch.Map.Name).Distinct())} were written, but "
                + "what the server gave to "
            + $"their objects could not be set, and they are detached: {exception.Message}");
    }
}
