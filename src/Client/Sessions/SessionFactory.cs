using Broker.Client.Protocol;

namespace Broker.Client.Sessions;

/// <summary>Makes sessions of one database, all of the same options. Thread-safe; made once.</summary>
public sealed class SessionFactory
{
    private readonly BrokerClient _broker;
    private readonly string _database;
    private readonly SessionOptions _options;

    /// <summary>A factory for a database.</summary>
    /// <param name="broker">The broker.</param>
    /// <param name="database">The database's name in the broker's settings.</param>
    /// <param name="options">How its sessions are.</param>
    public SessionFactory(BrokerClient broker, string database, SessionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(broker);
        ArgumentException.ThrowIfNullOrEmpty(database);
        (_broker, _database) = (broker, database);
        _options = options ?? SessionOptions.Default;
    }

    /// <summary>A new session. Nothing is sent for it: neither the broker nor the database hears of it before its first use.</summary>
    public Session Open() => Open(_options);

    /// <summary>A new session with options of its own.</summary>
    public Session Open(SessionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new(new(_broker.Sender, _database, options, joined: null), _broker.Entities.Of(_database, options), options);
    }

    /// <summary>
    /// Another handle to a conversation that somebody opened, here or elsewhere. It has copies of its own of every object; the terms of the
    /// conversation hold.
    /// </summary>
    /// <exception cref="BrokerException">There is no such conversation: <c>ConversationGone</c>.</exception>
    public async ValueTask<Session> JoinAsync(SessionId session)
    {
        var link = new SessionLink(_broker.Sender, _database, _options, session);
        await link.OpenAsync().ConfigureAwait(false);
        return new(link, _broker.Entities.Of(_database, _options), _options);
    }
}
