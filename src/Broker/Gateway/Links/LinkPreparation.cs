using System.Collections.Immutable;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Broker.Configuration;
using Broker.Connections;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Links;

/// <summary>What has to be found out before a host is connected to, and may take its time: on the thread pool, not on a loop.</summary>
internal static class LinkPreparation
{
    /// <summary>Finds the addresses of a host, and reads password and certificates.</summary>
    /// <param name="plan">The pool's.</param>
    /// <param name="host">Which host.</param>
    /// <param name="tls">Whether it is to be encrypted.</param>
    /// <param name="shown">What a client has shown, where there is no password.</param>
    /// <param name="cancel">Gives it up.</param>
    internal static async Task<Prepared> PrepareAsync(
        LinkPlan plan, HostEndpoint host, TlsUse tls, Credential? shown, CancellationToken cancel)
    {
        if (CredentialOf(plan, host, shown, out var unreadable) is not { } credential)
        {
            return Prepared.Not(unreadable!);
        }
        var options = tls is TlsUse.None ? null : TlsToServer.Options(plan.Server, host);
        return new(await AddressesAsync(host, cancel), credential, options, null);
    }

    private static Credential? CredentialOf(LinkPlan plan, HostEndpoint host, Credential? shown, out Failure? failure)
    {
        failure = null;
        try
        {
            return plan.User.Password.Current() is { } password ? Credential.OfPassword(password.Reveal()) : shown ?? Credential.None;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            failure = ConnectFailures.PasswordUnreadable(plan.Pool, host, exception);
            return null;
        }
    }

    private static async Task<ImmutableArray<EndPoint>> AddressesAsync(HostEndpoint host, CancellationToken cancel)
    {
        if (host.IsUnixSocket)
        {
            // an at sign is how the zero byte of an abstract name is written
            var folder = host.Host.StartsWith('@') ? '\0' + host.Host[1..] : host.Host;
            return [new UnixDomainSocketEndPoint($"{folder}/.s.PGSQL.{host.Port}")];
        }
        var addresses = await Dns.GetHostAddressesAsync(host.Host, cancel);
        return [.. addresses.Select(address => new IPEndPoint(address, host.Port))];
    }
}

/// <summary>What was found out.</summary>
/// <param name="Addresses">Where the host may be.</param>
/// <param name="Credential">What is proven with.</param>
/// <param name="Tls">What a handshake is made by; null for none.</param>
/// <param name="Failure">Why there is no use in going on; null when there is.</param>
internal sealed record Prepared(
    ImmutableArray<EndPoint> Addresses, Credential Credential, SslClientAuthenticationOptions? Tls, Failure? Failure)
{
    internal static Prepared Not(Failure failure) => new([], Credential.None, null, failure);
}
