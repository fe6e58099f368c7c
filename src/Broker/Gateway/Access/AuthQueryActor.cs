using Akka.Actor;
using Akka.Event;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.PgWire.Logins;

namespace Broker.Gateway.Access;

/// <summary>
/// Looks one user up by `broker.gateway.auth-query`: the statement travels as an errand of the database's pool, so no client has a say in
/// what its names mean. It tells its parent, and is gone.
/// </summary>
internal sealed class AuthQueryActor : UntypedActor
{
    private readonly IActorRef _pool;
    private readonly string _query;
    private readonly string _user;
    private readonly ILoggingAdapter _log = Context.GetLogger();

    public AuthQueryActor(IActorRef pool, string query, string user) => (_pool, _query, _user) = (pool, query, user);

    /// <summary>How to make one.</summary>
    internal static Props For(IActorRef pool, string query, string user) => Props.Create(() => new AuthQueryActor(pool, query, user));

    /// <summary>What is kept of the user's password; null when there is no such user, or the question failed.</summary>
    internal static KeptPassword? Read(string user, RowSet rows) =>
        rows is { Count: 1, Columns: [Column<string> name, Column<string> password, ..] }
            && !name.IsNull(0)
            && !password.IsNull(0)
            && name[0] == user
            && password[0].Length > 0
            ? new(user, password[0])
            : null;

    /// <inheritdoc/>
    protected override void PreStart() =>
        _pool.Tell(new RunErrand(new ErrandId(ErrandId.DrawClient(), 0), Statement.Of(_query, _user), CallerContext.None,
            ErrandLimits.Default));

    /// <inheritdoc/>
    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ErrandCompleted completed:
                Tell(Read(_user, completed.Rows));
                break;
            case Refused refused:
                _log.Warning("The user {User} cannot be looked up (broker.gateway.auth-query): {Cause}", _user, refused.Failure.Message);
                Tell(null);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Tell(KeptPassword? kept)
    {
        Context.Parent.Tell(new UserFound(kept));
        Context.Stop(Self);
    }
}

/// <summary>A user was looked up.</summary>
/// <param name="Kept">What is kept of its password; null when there is no such user.</param>
internal sealed record UserFound(KeptPassword? Kept) : INoSerializationVerificationNeeded;
