namespace Broker.Client.Protocol;

/// <summary>Names one pool: a pool serves exactly one (database, user) pair.</summary>
/// <param name="Database">The database's name in the broker's settings (`broker.databases.{name}`), not the server's.</param>
/// <param name="User">The user that the pool's connections log in as.</param>
public readonly record struct PoolId(string Database, string User)
{
    /// <summary>`database~user`: the form used in actor paths, logs, metrics and failures.</summary>
    public override string ToString() => $"{Database}~{User}";
}

/// <summary>Names one physical connection within its pool; never used twice by a pool.</summary>
/// <param name="Number">Counts from 1 in the order in which the pool opened its connections.</param>
public readonly record struct ConnectionId(long Number)
{
    /// <summary>`c{n}`: also the name of the connection's actor.</summary>
    public override string ToString() => $"c{Number}";
}

/// <summary>
/// Names one lending of a connection to one holder. A message about a lease whose id is not the current one is stale
/// and is dropped, so a late return can never take a connection from its next holder.
/// </summary>
/// <param name="Number">Counts from 1 within a pool.</param>
public readonly record struct LeaseId(long Number)
{
    /// <summary>`l{n}`.</summary>
    public override string ToString() => $"l{Number}";
}

/// <summary>Names one errand of one client, so that it can be cancelled and recognised when it is sent again.</summary>
/// <param name="Client">Drawn at random when the client is made.</param>
/// <param name="Number">Counts from 1 within the client.</param>
public readonly record struct ErrandId(long Client, long Number)
{
    /// <summary>`{client in hex}-{n}`.</summary>
    public override string ToString() => $"{Client:x}-{Number}";
}
