namespace Broker.Client.Sessions;

/// <summary>Puts the objects of a zone back to what they were before a scope, or a transaction, that is rolled back.</summary>
internal sealed class Undoing
{
    private readonly HoldingZone _zone;
    private readonly IdentityMap _identities;
    private readonly Attachments _attachments;

    internal Undoing(HoldingZone zone, IdentityMap identities, Attachments attachments) =>
        (_zone, _identities, _attachments) = (zone, identities, attachments);

    /// <summary>Undoes what was sent in one scope.</summary>
    internal void Undo(Journal journal)
    {
        foreach (var (tracked, before) in journal.Touched)
        {
            if (tracked.Zone != _zone)
                continue;
            _identities.Remove(tracked);
            if (before.State == ObjectState.Pending)
            {
                // It is to be a new row once more.
                if (tracked.State == ObjectState.Pending)
                    continue;
                Withdraw(tracked, before);
                continue;
            }

            (tracked.State, tracked.Key, tracked.Expired) = (ObjectState.Persistent, before.Key, true);
            tracked.NoteUndone();
            if (before.Known is { } known && tracked.Entity is { } entity)
                PutBack(tracked, entity, known);
        }

        // In a second pass: two rows may have swapped their keys.
        foreach (var (tracked, before) in journal.Touched)
            if (tracked.Zone == _zone && before.State != ObjectState.Pending)
                _identities.TryAdd(tracked);
        // Why it was refused may be that its row is not as it is known to be.
        foreach (var (tracked, _) in journal.Refused)
            tracked.Expired |= tracked.Zone == _zone && tracked.State == ObjectState.Persistent;
    }

    /// <summary>What was added has no row any more; all else is left as it is.</summary>
    internal void Withdraw(IEnumerable<Journal> undone)
    {
        foreach (var journal in undone)
            foreach (var (tracked, before) in journal.Touched)
                if (tracked.Zone == _zone && tracked.State != ObjectState.Pending && before.State == ObjectState.Pending)
                    Withdraw(tracked, before);
    }

    /// <summary>An object that was added has no row any more.</summary>
    private void Withdraw(Tracked tracked, Before before)
    {
        before.ForgetGenerated(tracked);
        _identities.Remove(tracked);
        tracked.Key = null;
        _zone.Forget(tracked, ObjectState.Transient);
    }

    /// <summary>An object gets the values back that its row was known to have; whether it still has them is to be asked.</summary>
    internal void PutBack(Tracked tracked, object entity, object known)
    {
        if (!tracked.Map!.IsImmutable)
        {
            tracked.Map.Restore(entity, known);
            tracked.Known = known;
        }
        else
        {
            _attachments.Exchange(tracked, entity, known);
            (tracked.Known, tracked.IsReplacement) = (null, false);
            tracked.LetGo();
        }

        tracked.Expired = true;
    }
}
