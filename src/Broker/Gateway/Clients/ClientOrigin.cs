using System.Net;
using System.Net.Sockets;
using Broker.Gateway.Access;

namespace Broker.Gateway.Clients;

/// <summary>Where a client comes from.</summary>
/// <param name="Address">Its address; null on a Unix socket.</param>
/// <param name="Port">Its port; 0 on a Unix socket.</param>
/// <param name="IsFromSameHost">Whether the address is one of this machine's own.</param>
/// <param name="Account">The account that its process runs as; null when it is not known.</param>
internal sealed record ClientOrigin(IPAddress? Address, int Port, bool IsFromSameHost, string? Account)
{
    /// <summary>What is known by TLS; null without.</summary>
    internal TlsFacts? Tls { get; init; }

    /// <summary>Of an accepted socket.</summary>
    internal static ClientOrigin Of(Socket socket, string? account)
    {
        if (socket.RemoteEndPoint is not IPEndPoint remote)
            return new(null, 0, false, account);
        var same = IPAddress.IsLoopback(remote.Address)
            || (socket.LocalEndPoint is IPEndPoint local && local.Address.Equals(remote.Address));
        return new(remote.Address.IsIPv4MappedToIPv6 ? remote.Address.MapToIPv4() : remote.Address, remote.Port, same, account);
    }

    /// <summary>It wants in.</summary>
    internal LoginAttempt Attempt(StartupWishes wishes) =>
        new(wishes.User, wishes.Database, Address) { IsFromSameHost = IsFromSameHost, Account = Account, Tls = Tls };

    /// <inheritdoc/>
    public override string ToString() => Address is null ? "unix" : new IPEndPoint(Address, Port).ToString();
}
