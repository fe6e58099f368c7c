namespace Broker.Client.Remote.Links;

/// <summary>How much a link has to do: said by its actor, and read by whoever is about to ask.</summary>
internal sealed class LinkLoad
{
    private volatile bool _isQuiet;

    /// <summary>
    /// Whether nobody waits for an answer, and the last came alone. Several that come together are of callers who are likely to ask
    /// together again.
    /// </summary>
    internal bool IsQuiet
    {
        get => _isQuiet;
        set => _isQuiet = value;
    }
}
