using System.Collections.Immutable;
using System.Net;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Configuration;
using Broker.Gateway.Access;
using Broker.PgWire.Authentication;

namespace Broker.Doors;

/// <summary>
/// Who may come in through the door, and what they may do: the users and rules of the gateway, and who may control pools. A user has a
/// right to a database when the first rule that is for both lets it in, by whatever method: it has proven its password already.
/// </summary>
/// <param name="Gateway">The gateway's users and rules.</param>
/// <param name="Databases">The databases, with their own users.</param>
/// <param name="Admins">Users that may control pools.</param>
internal sealed record DoorAccess(GatewayDoor Gateway, ImmutableSortedDictionary<string, DatabaseSettings> Databases,
    ImmutableArray<string> Admins)
{
    private const string Rules = "broker.gateway.hba, .hba-file";

    private ImmutableSortedSet<string> Past { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    // Those that are gone from the settings too: they serve on whom they have.
    private ImmutableSortedSet<string> AllDatabases => Past.Union(Databases.Keys);

    /// <summary>This, when it holds from now on: it knows which databases there were.</summary>
    internal DoorAccess After(DoorAccess before) => this with { Past = before.AllDatabases };

    /// <summary>
    /// What a user's password is proven by. Of one that does not exist, and of one whose password is kept by MD5, it is one that nothing
    /// fits.
    /// </summary>
    internal ScramVerifier VerifierOf(string user)
    {
        // Made for a known user too, so that neither is answered sooner.
        var likeness = Gateway.Likenesses.Of(user);
        return (Gateway.Users.Find(user) ?? likeness).ForScram() ?? Gateway.Likenesses.VerifierOf(user);
    }

    /// <summary>Why a user may not ask this; null when it may.</summary>
    internal Failure? Refusal(RemoteUser user, object request) => request switch
    {
        FindPool find => Refusal(user, find.Database, find.User),
        OpenSession open => Refusal(user, open.Database, open.User),
        RunInSession { Opens: { } open } => Refusal(user, open.Database, open.User),
        GetCommitOutcome { Database: { } database } ask => Refusal(user, database, ask.User),
        InvalidatePool or SuspendPool or ResumePool when !Admins.Contains(user.Name) =>
            new AccessDenied(user.Name, "control pools", "broker.door.admins"),
        _ => null,
    };

    /// <summary>Why a user may not use a database, as a user of the server; null when it may.</summary>
    /// <param name="user">Who asks.</param>
    /// <param name="database">Of the broker's settings.</param>
    /// <param name="role">Whom its pool logs in as; null for the database's own user.</param>
    internal Failure? Refusal(RemoteUser user, string database, string? role)
    {
        if (!LetsIn(Gateway.Rules.Find(user.At(database)), user))
        {
            return new AccessDenied(user.Name, $"use database \"{database}\"", Rules);
        }
        return role is null || role == user.Name || (Databases.TryGetValue(database, out var known) && role == known.User)
            ? null
            : new AccessDenied(user.Name, $"use database \"{database}\" as \"{role}\"", "it may as the database's user and as itself");
    }

    /// <summary>
    /// Why a client that is in has to go; null when it may stay. Another password is asked for at its next login, and a database that is
    /// gone from the settings serves on whom it has.
    /// </summary>
    /// <param name="user">Its user.</param>
    /// <param name="before">What held until now.</param>
    internal Failure? Removal(RemoteUser user, DoorAccess before)
    {
        bool HasRight(DoorAccess access, ImmutableSortedSet<string> databases) =>
            access.Admins.Contains(user.Name) || databases.Any(database => access.Refusal(user, database, null) is null);
        var had = before.AllDatabases;
        return Removal(user) ?? (HasRight(before, had) && !HasRight(this, had.Union(Databases.Keys))
            ? Gone(user, "no rule lets it use any database any more")
            : null);
    }

    /// <summary>Why somebody that has proven who it is cannot come in after all: it was a user when it was asked to.</summary>
    internal Failure? Removal(RemoteUser user) => IsKnown(user.Name) ? null : Gone(user, "it is no user any more");

    private static ClientRefused Gone(RemoteUser user, string cause) => new(user.Name, "28000", cause);

    // One that has several passwords in the settings, as while they are changed, cannot log in, and is a user.
    private bool IsKnown(string user) =>
        Gateway.Users.Find(user) is not null || Databases.Values.Any(database => database.Users.ContainsKey(user));

    private static bool LetsIn(AccessRule? rule, RemoteUser user) => rule is not null && rule.Method switch
    {
        AccessMethod.Reject or AccessMethod.Peer => false,
        AccessMethod.Cert => user.Tls?.CertificateName == user.Name,
        AccessMethod.Trust or AccessMethod.Password or AccessMethod.Md5 or AccessMethod.ScramSha256 => true,
    };
}

/// <summary>A user that has proven who it is.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where it comes from; null when that is not known any more.</param>
/// <param name="Tls">What is known by TLS; null without.</param>
internal sealed record RemoteUser(string Name, IPAddress? Address, TlsFacts? Tls)
{
    /// <summary>It, asking for a database.</summary>
    internal LoginAttempt At(string database) => new(Name, database, Address ?? IPAddress.None) { Tls = Tls };
}
