namespace Broker.Client.Remote.Frames;

/// <summary>
/// How large frames are, and how much may be under way. Both ends use the same values, and Akka.Remote's own limit (128,000 bytes a
/// message) lies above the largest frame.
/// </summary>
internal static class FrameSizes
{
    /// <summary>
    /// A message up to this size travels whole; a longer one in pieces of it. The most that a small message waits for of a large one beside
    /// it.
    /// </summary>
    internal const int Piece = 32 * 1024;

    /// <summary>Whole messages put into one frame, in bytes, before the next is begun.</summary>
    internal const int Frame = 48 * 1024;

    /// <summary>Messages in pieces at the same time; a lane has one at most.</summary>
    internal const int MostInPieces = 4096;

    /// <summary>How many bytes of frames may be on their way unacknowledged before no piece of a large message follows.</summary>
    internal const int LargeWindow = 128 * 1024;

    /// <summary>How many bytes of frames may be on their way unacknowledged before nothing follows.</summary>
    internal const int Window = 1024 * 1024;

    /// <summary>After how many bytes received an acknowledgement is sent of its own, when nothing else goes the other way.</summary>
    internal const int AcknowledgeAfter = LargeWindow / 4;
}
