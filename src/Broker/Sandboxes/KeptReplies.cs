using System.Collections.Immutable;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Settlement;

namespace Broker.Sandboxes;

/// <summary>
/// What a ledger is outside: what was answered under which idempotency key. It ends with the sandbox, as everything in it.
/// </summary>
internal sealed record KeptReplies
{
    private readonly ImmutableDictionary<string, (long Fingerprint, ErrandCompleted Reply)> _replies =
        ImmutableDictionary.Create<string, (long, ErrandCompleted)>();

    internal static readonly KeptReplies None = new();

    private KeptReplies() { }

    private KeptReplies(ImmutableDictionary<string, (long Fingerprint, ErrandCompleted Reply)> replies) => _replies = replies;

    /// <summary>What is to be told instead of running an errand again; null when it has not run.</summary>
    internal IBrokerReply? Find(RunErrand errand, PoolId pool) =>
        errand.Limits.IdempotencyKey is not { } key || !_replies.TryGetValue(key, out var kept) ? null
        : kept.Fingerprint == FingerprintOf(errand) ? kept.Reply
        : new Refused(new KeyReused(pool, key));

    /// <summary>With what an errand was answered, if it has a key and took effect.</summary>
    internal KeptReplies Keep(RunErrand errand, IBrokerReply reply) =>
        errand.Limits.IdempotencyKey is { } key && reply is ErrandCompleted completed
        ? new(_replies.SetItem(key, (FingerprintOf(errand), completed)))
        : this;

    private static long FingerprintOf(RunErrand errand) => LedgerFingerprint.Of(errand.Statement, errand.Context);
}
