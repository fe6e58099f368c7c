using System.Globalization;

namespace Broker.Configuration;

/// <summary>One host of a server: a name, an address or the folder of a Unix socket, and its port (1 to 65535).</summary>
public sealed record HostEndpoint(string Host, int Port)
{
    /// <summary>Whether <see cref="Host"/> is the folder of a Unix socket.</summary>
    public bool IsUnixSocket => Host.StartsWith('/') || Host.StartsWith('@');

    /// <summary><c>host:port</c>; an IPv6 address stands in brackets.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>[v6]:port</c>, <c>v6</c> or a folder; null when it is none of these.</summary>
    internal static HostEndpoint? TryParse(string text, int port)
    {
        var colon = text.LastIndexOf(':');
        var bare = colon < 0 || text.EndsWith(']') || (!text.StartsWith('[') && text.IndexOf(':', StringComparison.Ordinal) != colon);
        var host = (bare ? text : text[..colon]).Trim('[', ']').Trim();
        var given = bare ? port
            : int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
        return host.Length > 0 && !host.Any(char.IsWhiteSpace) && given is >= 1 and <= 65535 ? new HostEndpoint(host, given) : null;
    }
}
