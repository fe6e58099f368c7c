namespace Broker.Client.Protocol.Failures;

/// <summary>A command's number is not the next one of its handle: one before it did not arrive. Nothing of it was executed.</summary>
/// <param name="Session">Which conversation.</param>
/// <param name="Handle">Whose command.</param>
/// <param name="Expected">The number that is next.</param>
/// <param name="Got">The number that came.</param>
public sealed record SequenceRefused(SessionId Session, HandleId Handle, long Expected, long Got) : Failure
{
    /// <inheritdoc/>
    public override string Code => "sequence-refused";

    /// <inheritdoc/>
    public override string SqlState => "08P01";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override string Message => $"command {Got} of {Handle} in conversation {Session} came before command {Expected}";
}
