using System.Security.Cryptography;

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
    /// <summary>A name for a client; who guesses it can cancel what that client asked.</summary>
    internal static long DrawClient() => Drawn.Number();

    /// <summary>`{client in hex}-{n}`.</summary>
    public override string ToString() => $"{Client:x}-{Number}";
}

/// <summary>
/// Names one conversation. Drawn at random by the handle that opens it, so it says nothing of where the conversation lives.
/// </summary>
/// <param name="Value">The id.</param>
public readonly record struct SessionId(Guid Value)
{
    /// <summary>A new one.</summary>
    public static SessionId Draw() => new(Guid.NewGuid());

    /// <summary>32 hexadecimal digits: also the name of the conversation's actor.</summary>
    public override string ToString() => Value.ToString("N");
}

/// <summary>Names one handle: one user's end of a conversation. Drawn at random, so that two clients never draw the same.</summary>
/// <param name="Number">The id.</param>
public readonly record struct HandleId(long Number)
{
    /// <summary>A new one; who guesses it is taken for who has it.</summary>
    public static HandleId Draw() => new(Drawn.Number());

    /// <summary>`h{n in hex}`.</summary>
    public override string ToString() => $"h{Number:x}";
}

/// <summary>
/// Counts what moves a conversation for all of its handles: commit, rollback, and rollback to a savepoint. A write or a commit that was
/// sent under an older epoch is refused, so that no handle commits half of its work after another's rollback.
/// </summary>
/// <param name="Number">Counts from 0 within a conversation.</param>
public readonly record struct Epoch(long Number)
{
    /// <summary>The next one.</summary>
    public Epoch Next => new(Number + 1);

    /// <summary>`e{n}`.</summary>
    public override string ToString() => $"e{Number}";
}

/// <summary>Names one nested scope (a savepoint) of a conversation.</summary>
/// <param name="Number">Counts from 1 within the handle that opened it.</param>
public readonly record struct ScopeId(long Number)
{
    /// <summary>`s{n}`.</summary>
    public override string ToString() => $"s{Number}";
}

/// <summary>Names one server cursor of a conversation.</summary>
/// <param name="Number">Counts from 1 within the handle that opened it.</param>
public readonly record struct CursorId(long Number)
{
    /// <summary>`q{n}`.</summary>
    public override string ToString() => $"q{Number}";
}

/// <summary>Names one remote client. Drawn at random when it connects first, so that nobody can take another's place.</summary>
/// <param name="Value">The id.</param>
public readonly record struct ClientId(Guid Value)
{
    /// <summary>A new one.</summary>
    public static ClientId Draw() => new(Guid.NewGuid());

    /// <summary>32 hexadecimal digits: also the name of the client's actor in the broker.</summary>
    public override string ToString() => Value.ToString("N");
}

/// <summary>Numbers that nobody can tell from those drawn before.</summary>
file static class Drawn
{
    internal static long Number() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));
}
