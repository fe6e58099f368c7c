using Broker.PgWire.Messages;

namespace Broker.Gateway.Clients;

/// <summary>What is done with a message of a client that has no link.</summary>
internal enum Idleness
{
    /// <summary>The client goes.</summary>
    Leaves,

    /// <summary>
    /// It is passed over: the rest of a COPY that was refused, a Flush with nothing to flush, what an error has everybody skip.
    /// </summary>
    PassesOver,

    /// <summary>It is answered by ReadyForQuery.</summary>
    IsReady,

    /// <summary>It needs a link.</summary>
    WantsLink,
}

/// <summary>Decides it.</summary>
internal static class IdleMessages
{
    /// <summary>What is done with a message.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="skipsToSync">Whether the client was told of an error in a series that it has not ended.</param>
    internal static Idleness Decide(FrontendType type, bool skipsToSync) => type switch
    {
        FrontendType.Terminate => Idleness.Leaves,
        FrontendType.Sync => Idleness.IsReady,
        FrontendType.CopyData or FrontendType.CopyDone or FrontendType.CopyFail or FrontendType.Flush => Idleness.PassesOver,
        _ => skipsToSync ? Idleness.PassesOver : Idleness.WantsLink,
    };
}
