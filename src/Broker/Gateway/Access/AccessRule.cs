using Broker.Configuration;

namespace Broker.Gateway.Access;

/// <summary>One rule: for whom it is, and how these show who they are.</summary>
/// <param name="Line">On which line it stands, from 1; 0 for one that <c>broker.gateway.auth</c> makes.</param>
/// <param name="Kind">How they come.</param>
/// <param name="Databases">What they ask for.</param>
/// <param name="Users">What they call themselves.</param>
/// <param name="Addresses">Where they come from; of no meaning for <see cref="ConnectionKind.Local"/>.</param>
/// <param name="Method">How they show it.</param>
internal sealed record AccessRule(
    int Line, ConnectionKind Kind, NameSet Databases, NameSet Users, AddressSet Addresses, AccessMethod Method)
{
    /// <summary>Whether it is for this one.</summary>
    internal bool IsFor(LoginAttempt attempt) =>
        IsForKind(attempt) && Databases.HasDatabase(attempt) && Users.Has(attempt.User);

    private bool IsForKind(LoginAttempt attempt) => Kind switch
    {
        ConnectionKind.Local => attempt.Address is null,
        ConnectionKind.Host => Addresses.Has(attempt),
        ConnectionKind.HostSsl => attempt.Tls is not null && Addresses.Has(attempt),
        ConnectionKind.HostNoSsl => attempt.Tls is null && Addresses.Has(attempt),
    };
}

/// <summary>How a client comes, in a rule written as PostgreSQL does.</summary>
internal enum ConnectionKind
{
    /// <summary><c>local</c>: on a Unix socket.</summary>
    Local,

    /// <summary><c>host</c>: over TCP.</summary>
    Host,

    /// <summary><c>hostssl</c>: over TCP, with TLS.</summary>
    HostSsl,

    /// <summary><c>hostnossl</c>: over TCP, without TLS.</summary>
    HostNoSsl,
}
