using Broker.PgWire.Messages.Backend;

namespace Broker.PgWire.Logins;

/// <summary>Why a server did not let us in.</summary>
/// <param name="Text">In words.</param>
/// <param name="Report">What the server said, if it was the server that refused.</param>
public sealed record LoginFailed(string Text, ErrorResponse? Report = null)
{
    /// <summary>Whether there was nothing to prove with that the server would take.</summary>
    public bool HasNoProof { get; init; }
}
