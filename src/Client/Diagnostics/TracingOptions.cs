namespace Broker.Client.Diagnostics;

/// <summary>
/// What a client tells of its statements to whoever listens to the activity source <c>Broker</c>. Nothing is told, and nothing costs, while
/// nobody listens.
/// </summary>
/// <param name="Enabled">Whether activities are started at all (`broker.diagnostics.traces`).</param>
/// <param name="StatementTexts">Whether activities carry the statement's text, never its parameters (`broker.log.statements`).</param>
public sealed record TracingOptions(bool Enabled = true, bool StatementTexts = false)
{
    /// <summary>Activities without texts.</summary>
    public static TracingOptions Default { get; } = new();
}
