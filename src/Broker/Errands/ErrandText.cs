namespace Broker.Errands;

/// <summary>What the pool knows of one statement text: how it may travel, and how long it takes.</summary>
internal sealed class ErrandText
{
    internal ErrandText(string text) => Text = text;

    /// <summary>The text.</summary>
    internal string Text { get; }
}
