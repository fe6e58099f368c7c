using System.Collections.Immutable;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;

namespace Broker.Sessions;

/// <summary>One handle of a conversation, and what is kept for it.</summary>
/// <param name="Id">Which handle.</param>
internal sealed record Member(HandleId Id)
{
    private const int MostTables = 16;

    /// <summary>Whose it is; null when it is of the broker's own process.</summary>
    internal string? Login { get; init; }

    /// <summary>An actor whose death is its own; null when it says itself when it goes.</summary>
    internal IActorRef? Watched { get; init; }

    /// <summary>The number of its last command that was taken in.</summary>
    internal long Last { get; init; }

    /// <summary>The latest epoch that a command of it has shown.</summary>
    internal Epoch Seen { get; init; }

    /// <summary>Changes that it tracks and has not sent.</summary>
    internal long Unsent { get; init; }

    /// <summary>Tables that others wrote since its last answer; `*` for any.</summary>
    internal ImmutableArray<string> Stale { get; init; } = [];

    /// <summary>Replies that it has not acknowledged, the oldest first.</summary>
    internal ImmutableArray<KeptReply> Replies { get; init; } = [];

    /// <summary>The latest of its commits whose outcome is not kept any more, though it was not acknowledged; 0 for none.</summary>
    internal long Unremembered { get; init; }

    /// <summary>Others have written tables.</summary>
    internal Member WithStale(ImmutableArray<string> tables)
    {
        if (tables.IsEmpty || Stale is ["*"])
        {
            return this;
        }
        var all = Stale.Union(tables).ToImmutableArray();
        return this with { Stale = all.Length > MostTables || all.Contains("*") ? ["*"] : all };
    }

    /// <summary>It has seen the replies up to this number.</summary>
    internal Member Acknowledge(long sequence) =>
        Replies.IsEmpty || Replies[0].Sequence > sequence ? this
        : Replies[^1].Sequence <= sequence ? this with { Replies = [] }
        : this with { Replies = Replies.RemoveAll(kept => kept.Sequence <= sequence) };

    /// <summary>Keeps a reply; beyond the limits only that the oldest ones were given. What became of commits is kept for longer.</summary>
    internal Member Keep(KeptReply reply, SessionLimits limits)
    {
        var all = Replies.Add(reply);
        long bytes = 0;
        foreach (var kept in all)
        {
            bytes += kept.Bytes;
        }
        for (var i = 0; i < all.Length && (bytes > limits.ReplyBytes || all.Length - i > limits.RepliesKept); i++)
        {
            bytes -= all[i].Bytes;
            all = all.SetItem(i, all[i].Emptied());
        }
        if (all.Length > limits.RepliesKept)
        {
            all = all.RemoveAll(static kept => kept.Answer is null);
        }
        return (this with { Replies = all }).ForgetOutcomes(limits.OutcomesKept);
    }

    private Member ForgetOutcomes(int limit)
    {
        if (Replies.Length <= limit || Replies.Count(static kept => kept.IsCommit) <= limit)
        {
            return this;
        }
        // One at a time is added, so one at a time goes.
        var oldest = Replies.First(static kept => kept.IsCommit);
        return this with { Replies = Replies.Remove(oldest), Unremembered = oldest.Sequence };
    }
}

/// <summary>A reply that may be asked for again.</summary>
/// <param name="Sequence">Of which command.</param>
/// <param name="Answer">The answer; null when it is not kept.</param>
/// <param name="Bytes">How large it is, roughly.</param>
/// <param name="IsCommit">Whether it is what became of a commit.</param>
internal sealed record KeptReply(long Sequence, SessionAnswer? Answer, long Bytes, bool IsCommit)
{
    private const int Least = 256;

    internal static KeptReply Of(SessionAnswer answer, bool isCommit, long bytes) => new(answer.Sequence, answer, Least + bytes, isCommit);

    /// <summary>What is left of it beyond the limits.</summary>
    internal KeptReply Emptied() => Bytes <= Least && IsCommit ? this : this with
    {
        Answer = IsCommit && Answer is { } answer ? answer with { Reply = WithoutResults(answer.Reply) } : null,
        Bytes = IsCommit ? Least : 0,
    };

    /// <summary>What became of a commit, without the rows that its statements answered.</summary>
    internal static ISessionReply WithoutResults(ISessionReply reply) =>
        reply is Committed { Results.IsEmpty: false } committed ? committed with { Results = [] } : reply;
}
