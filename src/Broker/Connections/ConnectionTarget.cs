using Broker.Configuration;

namespace Broker.Connections;

/// <summary>Where connections of a pool lead, as whom, and with which settings of the session.</summary>
/// <param name="Server">The server.</param>
/// <param name="Database">The database.</param>
/// <param name="User">The user.</param>
internal sealed record ConnectionTarget(ServerSettings Server, DatabaseSettings Database, UserSettings User)
{
    /// <summary>
    /// Whether a connection that was opened by the other is as good as one that is opened by this. Times and limits are no part of it, nor
    /// is a password that a file or a variable holds: it is read for each connect.
    /// </summary>
    internal bool IsSameAs(ConnectionTarget other) => IsSameServer(other.Server)
        && Database.Database == other.Database.Database
        && Database.ApplicationName == other.Database.ApplicationName
        && Database.Settings.SequenceEqual(other.Database.Settings)
        && User.Name == other.User.Name
        && User.Password == other.User.Password;

    private bool IsSameServer(ServerSettings other) => Server.Name == other.Name
        && Server.Hosts.SequenceEqual(other.Hosts)
        && (Server.Tls, Server.RootCertificate, Server.ClientCertificate, Server.ClientKey) == (other.Tls, other.RootCertificate,
            other.ClientCertificate, other.ClientKey)
        && (Server.TargetSessionAttrs, Server.LoadBalanceHosts) == (other.TargetSessionAttrs, other.LoadBalanceHosts);
}
