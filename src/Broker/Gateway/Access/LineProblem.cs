namespace Broker.Gateway.Access;

/// <summary>What is wrong with a line of a file, or of a list of lines. It never shows a password.</summary>
/// <param name="Line">Which, from 1.</param>
/// <param name="Text">What is wrong, and what is allowed.</param>
internal sealed record LineProblem(int Line, string Text)
{
    /// <summary>Both.</summary>
    public override string ToString() => $"line {Line}: {Text}";
}
