using Broker.Client.Protocol.Messages;

namespace Broker.Streams;

/// <summary>What one step of a stream brought.</summary>
/// <param name="Reply">What its caller is told; null for nothing.</param>
/// <param name="Next">What follows.</param>
/// <param name="Rows">When it is the last: how many rows; -1 when the server did not say.</param>
internal sealed record StreamPiece(IBrokerReply? Reply, WhatFollows Next = WhatFollows.More, long Rows = 0);

/// <summary>What follows a piece.</summary>
internal enum WhatFollows
{
    /// <summary>Maybe another one.</summary>
    More,
    /// <summary>Nothing but the commit.</summary>
    Finish,
    /// <summary>Nothing: the statement is complete and committed.</summary>
    Nothing,
}

/// <summary>How a stream leaves its connection.</summary>
/// <param name="State">In which state.</param>
/// <param name="Cause">What was seen, when it is not clean.</param>
internal sealed record LeftBehind(LeftAs State, string Cause)
{
    internal static readonly LeftBehind Clean = new(LeftAs.Clean, "");
}

/// <summary>In which state a stream leaves its connection.</summary>
internal enum LeftAs
{
    /// <summary>Idle, nothing running, nothing unread.</summary>
    Clean,
    /// <summary>It works, but may not be used again.</summary>
    Spoilt,
    /// <summary>Lost.</summary>
    Broken,
}
