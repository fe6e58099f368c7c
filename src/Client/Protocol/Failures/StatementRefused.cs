namespace Broker.Client.Protocol.Failures;

/// <summary>The text may not run as an errand: transaction control, session state, several statements.</summary>
/// <param name="Reason">Why, and what to use instead.</param>
/// <param name="Text">The text, shortened.</param>
public sealed record StatementRefused(string Reason, string Text) : Failure
{
    /// <inheritdoc/>
    public override string Code => "statement-refused";

    /// <inheritdoc/>
    public override string SqlState => "0A000";

    /// <inheritdoc/>
    public override bool SafeToRetry => true;

    /// <inheritdoc/>
    public override bool IsTransient => false;

    /// <inheritdoc/>
    public override string Message => $"{Reason}: {Text}";
}
