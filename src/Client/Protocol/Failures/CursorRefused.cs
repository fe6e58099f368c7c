namespace Broker.Client.Protocol.Failures;

/// <summary>A cursor is not open: its transaction or scope ended, or it lay idle too long.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Cursor">Which cursor.</param>
/// <param name="Cause">What became of it.</param>
public sealed record CursorRefused(SessionId Session, CursorId Cursor, string Cause) : Failure
{
    /// <inheritdoc/>
    public override string Code => "cursor-refused";

    /// <inheritdoc/>
    public override string SqlState => "34000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"cursor {Cursor} of conversation {Session} cannot be read: {Cause}";
}
