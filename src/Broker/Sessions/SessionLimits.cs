namespace Broker.Sessions;

/// <summary>What bounds a conversation. Shared by all of a pool's.</summary>
/// <param name="IdleLimit">How long a transaction may lie idle; null for ever (`broker.sessions.idle-limit`).</param>
/// <param name="CursorIdleLimit">How long a cursor may lie unread; null for ever (`broker.sessions.cursor-idle-limit`).</param>
/// <param name="RepliesKept">Unacknowledged replies kept per handle (`broker.sessions.replies-kept`).</param>
/// <param name="OutcomesKept">
/// Of these, outcomes of commits that are kept when other replies are not any more (`broker.sessions.outcomes-kept`).
/// </param>
/// <param name="ReplyBytes">How large they may be together (`broker.sessions.reply-bytes`).</param>
/// <param name="HasLedger">Whether commits leave a row in the ledger.</param>
internal sealed record SessionLimits(TimeSpan? IdleLimit, TimeSpan? CursorIdleLimit, int RepliesKept, int OutcomesKept, long ReplyBytes,
    bool HasLedger);
