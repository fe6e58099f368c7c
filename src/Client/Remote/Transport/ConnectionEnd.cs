namespace Broker.Client.Remote.Transport;

/// <summary>How a connection ended.</summary>
/// <param name="Why">In words.</param>
/// <param name="IsRefusal">Whether the other side did what it may not: then it is worth a warning.</param>
internal readonly record struct ConnectionEnd(string Why, bool IsRefusal = false)
{
    /// <summary>The other side takes less than it has sent to it.</summary>
    public static ConnectionEnd Overflow(int backlog) =>
        new($"more than {backlog} bytes wait for it, and it takes too few of them", IsRefusal: true);
}
