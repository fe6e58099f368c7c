using System.Data;
using System.Data.Common;
using Broker.Client.Ado.Running;
using Broker.Client.Protocol.Values;
using Broker.Client.Sessions;

namespace Broker.Client.Ado;

/// <summary>
/// ADO.NET over the broker, for code and libraries that know nothing else: <c>new BrokerDataSource(client, "shop")</c>. A connection of
/// it is only a place where a transaction may be; opening one costs nothing, and none is held at the server between statements. So
/// nothing of a server's session outlives a statement, or a transaction. Any number of threads may use a data source; a connection is for
/// one user at a time.
/// </summary>
public sealed class BrokerDataSource : DbDataSource
{
    /// <summary>A data source.</summary>
    /// <param name="client">The broker. A view of it brings its user, settings and limits along; it stays the caller's.</param>
    /// <param name="database">The database's name in the broker's settings (`broker.databases.{name}`).</param>
    /// <param name="options">How its connections and commands are.</param>
    /// <exception cref="ArgumentException">The client has an idempotency key, which is for one statement only.</exception>
    public BrokerDataSource(BrokerClient client, string database, BrokerDataSourceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(database);
        if (client.Terms.Limits.IdempotencyKey is not null)
            throw new ArgumentException("an idempotency key is for one statement, and a data source is for many", nameof(client));
        (Client, Database, Options) = (client, database, options ?? BrokerDataSourceOptions.Default);
        Errands = new(client, database);
        Factory = new(this);
    }

    /// <summary>Which database it is; there is nothing else to say of it.</summary>
    public override string ConnectionString => $"Database={Database}";

    /// <summary>The database's name in the broker's settings.</summary>
    public string Database { get; }

    /// <summary>How its connections and commands are.</summary>
    public BrokerDataSourceOptions Options { get; }

    /// <summary>Makes what code makes that knows no provider, of this data source.</summary>
    public BrokerProviderFactory Factory { get; }

    internal BrokerClient Client { get; }

    /// <summary>How statements travel outside transactions.</summary>
    internal ErrandRoute Errands { get; }

    /// <summary>How the statements of a command or a batch travel that has no connection.</summary>
    /// <exception cref="NotSupportedException">There is an ambient transaction, which they could be no part of.</exception>
    internal StatementRoute Route
    {
        get
        {
            BrokerConnection.RefuseAmbient("a command without a connection", "run");
            return Errands;
        }
    }

    /// <summary>A closed connection.</summary>
    public new BrokerConnection CreateConnection() => new(this);

    /// <summary>An open connection.</summary>
    public new BrokerConnection OpenConnection()
    {
        var connection = CreateConnection();
        connection.Open();
        return connection;
    }

    /// <summary>An open connection; nothing is waited for.</summary>
    public new ValueTask<BrokerConnection> OpenConnectionAsync(CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<BrokerConnection>(cancellationToken) : new(OpenConnection());

    /// <summary>A command that needs no connection; each execution is outside any transaction.</summary>
    public new BrokerCommand CreateCommand(string? commandText = null) => new(this, commandText);

    /// <summary>A batch that needs no connection; each execution is a transaction of its own.</summary>
    public new BrokerBatch CreateBatch() => new(this);

    /// <summary>The level of a transaction that is asked for with this one.</summary>
    internal IsolationLevel LevelOf(IsolationLevel asked) => asked == IsolationLevel.Unspecified
        ? BrokerTransaction.LevelOf(Options.Terms.Isolation ?? Isolation.ReadCommitted)
        : asked;

    /// <summary>A transaction's conversation with a database; nothing is sent for it.</summary>
    internal Conversation OpenConversation(string database, IsolationLevel level)
    {
        var (client, terms) = (Client.Terms, Options.Terms);
        terms = terms with
        {
            Isolation = BrokerTransaction.IsolationOf(level),
            Context = terms.Context.IsEmpty ? client.Context : terms.Context,
            Wait = terms.Wait ?? client.Limits.Wait,
            ResultBytes = terms.ResultBytes ?? client.Limits.ResultBytes,
        };
        return new(new SessionLink(Client.Sender, database, new SessionOptions { User = client.User, Terms = terms }, joined: null),
            Options.CursorRows);
    }

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => CreateConnection();

    /// <inheritdoc/>
    protected override DbCommand CreateDbCommand(string? commandText = null) => CreateCommand(commandText);

    /// <inheritdoc/>
    protected override DbBatch CreateDbBatch() => CreateBatch();
}
