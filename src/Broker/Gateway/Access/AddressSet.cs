using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Broker.Gateway.Access;

/// <summary>
/// The addresses of a rule. An IPv4 address that is written as IPv6 (<c>::ffff:10.0.0.1</c>), as a socket for both shows it, is the IPv4
/// address, in rules and of clients. An IPv6 network has no IPv4 address in it.
/// </summary>
internal abstract record AddressSet
{
    private const int MappedPrefix = 96;

    private const string Allowed =
        "allowed is an address with the length of its prefix (10.0.0.0/8, ::1/128), all, or samehost; names of hosts are not looked up";

    private AddressSet()
    {
    }

    /// <summary>Whether a client comes from one of them; never one of a Unix socket.</summary>
    internal abstract bool Has(LoginAttempt attempt);

    /// <summary>Reads an address with the length of its prefix, or a keyword.</summary>
    /// <param name="text">As it is written.</param>
    /// <param name="wrong">Why it is none; null when it is.</param>
    internal static AddressSet? Parse(string text, out string? wrong)
    {
        wrong = null;
        switch (text)
        {
            case "all":
                return new Any();
            case "samehost":
                return new SameHost();
            case "samenet":
                wrong = "samenet is not supported: name the network, as 10.0.0.0/8";
                return null;
        }
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (ReadAddress(slash < 0 ? text : text[..slash]) is not { } address)
        {
            wrong = $"\"{text}\" is no address: {Allowed}";
            return null;
        }
        var bits = address.GetAddressBytes().Length * 8;
        if (slash < 0)
            wrong = $"the length of the prefix is missing: {text}/{bits} is this address alone";
        else if (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > bits)
            wrong = $"\"{text[(slash + 1)..]}\" is no length of a prefix: allowed is a whole number from 0 to {bits}";
        else
            return Network(address, length);
        return null;
    }

    /// <summary>Reads an address and the mask of its network (<c>255.0.0.0</c>).</summary>
    /// <param name="text">The address.</param>
    /// <param name="maskText">The mask.</param>
    /// <param name="wrong">Why they are none; null when they are.</param>
    internal static AddressSet? Parse(string text, string maskText, out string? wrong)
    {
        wrong = null;
        if (ReadAddress(text) is { } address && ReadAddress(maskText) is { } mask
            && address.AddressFamily == mask.AddressFamily && LengthOf(mask) is { } length)
            return Network(address, length);
        wrong = $"\"{maskText}\" is no mask of a network for the address \"{text}\"";
        return null;
    }

    /// <summary>Whether a text is an address or a mask.</summary>
    internal static bool IsAddress(string text) => ReadAddress(text) is not null;

    private static Within Network(IPAddress address, int length) => address.IsIPv4MappedToIPv6 && length >= MappedPrefix
        ? new(address.MapToIPv4(), length - MappedPrefix)
        : new(address, length);

    // IPAddress reads more than addresses: "10" and "0x7f.1" too, and ports
    private static IPAddress? ReadAddress(string text)
    {
        if (!IPAddress.TryParse(text, out var address) || text.AsSpan().ContainsAny('[', '%'))
            return null;
        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address : null;
    }

    private static int? LengthOf(IPAddress mask)
    {
        var digits = string.Concat(mask.GetAddressBytes().Select(static part => Convert.ToString(part, 2).PadLeft(8, '0')));
        var ones = digits.TrimEnd('0');
        return ones.Contains('0', StringComparison.Ordinal) ? null : ones.Length;
    }

    /// <summary>All.</summary>
    internal sealed record Any : AddressSet
    {
        internal override bool Has(LoginAttempt attempt) => attempt.Address is not null;
    }

    /// <summary>Those of this machine.</summary>
    internal sealed record SameHost : AddressSet
    {
        internal override bool Has(LoginAttempt attempt) => attempt.Address is not null && attempt.IsFromSameHost;
    }

    /// <summary>Those whose first <paramref name="Length"/> bits are those of <paramref name="Address"/>.</summary>
    internal sealed record Within(IPAddress Address, int Length) : AddressSet
    {
        internal override bool Has(LoginAttempt attempt)
        {
            if (attempt.Address is not { } given)
                return false;
            var theirs = (given.IsIPv4MappedToIPv6 ? given.MapToIPv4() : given).GetAddressBytes();
            var ours = Address.GetAddressBytes();
            return theirs.Length == ours.Length && Enumerable.Range(0, ours.Length).All(at => ((theirs[at] ^ ours[at]) & Mask(at)) == 0);
        }

        private int Mask(int at) => 0xFF << (8 - Math.Clamp(Length - (at * 8), 0, 8)) & 0xFF;
    }
}
