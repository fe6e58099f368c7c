namespace Broker.Client.Remote;

/// <summary>Where a broker is, such as `akka.tcp://broker@db1.example:4053`: the broker's name, its host and its port.</summary>
/// <param name="Broker">The broker's name (`broker.door.known-as`).</param>
/// <param name="Host">A host's name or address.</param>
/// <param name="Port">The port; 4053 unless given.</param>
internal sealed record RemoteAddress(string Broker, string Host, int Port)
{
    private const string Scheme = "akka.tcp";
    private const int DefaultPort = 4053;

    /// <summary>Reads one.</summary>
    /// <exception cref="ArgumentException">It is not of the form akka.tcp://name@host:port.</exception>
    internal static RemoteAddress Parse(string address)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(address);
        return Uri.TryCreate(address, UriKind.Absolute, out var uri)
            && uri is { Scheme: Scheme, UserInfo.Length: > 0, Host.Length: > 0, Query: "", Fragment: "", PathAndQuery: "" or "/" }
            ? new(Uri.UnescapeDataString(uri.UserInfo), uri.DnsSafeHost, uri.IsDefaultPort || uri.Port <= 0 ? DefaultPort : uri.Port)
            : throw new ArgumentException($"\"{address}\" is no address of a broker; it has the form {Scheme}://broker@host:{DefaultPort}",
                nameof(address));
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Scheme}://{Broker}@{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
}
