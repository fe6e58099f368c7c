using System.Runtime.CompilerServices;
using Akka.Actor;
using Broker.Client.Diagnostics;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Remote;
using Broker.Client.Sandboxes;
using Broker.Client.Sending;
using Broker.Client.Sessions;
using Broker.Client.Streaming;

namespace Broker.Client;

/// <summary>
/// The broker as its callers see it: statements of any number of threads, carried over few connections. Every method takes the
/// database's name in the broker's settings (`broker.databases.{name}`). A statement is an interpolated string, whose holes become
/// parameters, or a text with $1, $2, ... and its values (<see cref="PositionalStatements"/>).
/// Statements of one caller are ordered only when each is awaited. Every refusal is a <see cref="BrokerException"/>; a cancelled call
/// waits until it is known that the statement had no effect (then it throws <see cref="OperationCanceledException"/>), else it ends with
/// the statement's true outcome. A result is to be awaited exactly once, as any ValueTask.
/// </summary>
public sealed class BrokerClient : IAsyncDisposable, IDisposable
{
    private readonly StatementSender _sender;
    private readonly SendingTerms _terms;
    private readonly EntityDirectory _entities;
    private readonly RemoteLink? _link;

    /// <summary>A client of the broker in this actor system. Made once by the code that hosts the broker.</summary>
    /// <param name="supervisor">The broker's supervisor, which knows the pools.</param>
    /// <param name="system">The actor system that the supervisor is reached through.</param>
    /// <param name="tracing">What it tells to listeners of the activity source Broker; null: activities without statement texts.</param>
    public BrokerClient(IActorRef supervisor, ActorSystem system, TracingOptions? tracing = null)
        : this(_ => Task.FromResult(supervisor), system, tracing) { }

    /// <summary>A client that may be made before the broker has started: its first call waits for the supervisor.</summary>
    internal BrokerClient(Func<CancellationToken, Task<IActorRef>> supervisor, ActorSystem system, TracingOptions? tracing = null)
        : this(new StatementSender(system, supervisor, tracing), SendingTerms.Default, null) { }

    internal BrokerClient(StatementSender sender, SendingTerms terms, EntityDirectory? entities, RemoteLink? link = null) =>
        (_sender, _terms, _entities, _link) = (sender, terms, entities ?? new(sender), link);

    /// <summary>
    /// A client of a broker on another machine, over Akka.Remote. It means the same as one in the broker's own process. It keeps one link,
    /// however many callers it has, and makes it anew whenever it is lost: requests wait meanwhile, up to
    /// <see cref="RemoteOptions.LossLimit"/>. Dispose it at the end.
    /// </summary>
    /// <param name="address">The broker's address, such as `akka.tcp://broker@db1.example:4053`.</param>
    /// <param name="options">As whom, and how.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="ArgumentException">The address is none, or an option is out of its range.</exception>
    /// <exception cref="BrokerException">
    /// The broker could not be reached within <see cref="RemoteOptions.ConnectTimeout"/> (<c>BrokerUnreachable</c>), refuses the user
    /// (<c>ClientRefused</c>), or speaks another version of the protocol (<c>ProtocolUnsupported</c>).
    /// </exception>
    public static async Task<BrokerClient> ConnectAsync(string address, RemoteOptions options, CancellationToken cancellation = default)
    {
        var link = RemoteLink.To(address, options);
        try
        {
            await link.OpenAsync(cancellation).ConfigureAwait(false);
            return link.Client();
        }
        catch
        {
            await link.CloseAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Ends the link of a client that came from <see cref="ConnectAsync"/>, for it and all its views: what still waits is refused, and
    /// conversations left open are rolled back. Does nothing for a client in the broker's own process.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_link is not null)
        {
            await _link.CloseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>The same without waiting until it is over, for containers that cannot wait.</summary>
    public void Dispose() => _link?.Close();

    /// <summary>What the extensions in Broker send their requests with.</summary>
    internal StatementSender Sender => _sender;

    /// <summary>What this view's statements run as.</summary>
    internal SendingTerms Terms => _terms;

    /// <summary>What sessions of this client know of each database's tables, and of each other's objects.</summary>
    internal EntityDirectory Entities => _entities;

    /// <summary>
    /// A view whose statements run with this role, search path, statement timeout and `app.*` settings, each for itself (SET LOCAL).
    /// </summary>
    public BrokerClient With(CallerContext context) => new(_sender, _terms with { Context = context }, _entities, _link);

    /// <summary>A view whose statements have these limits instead of the pool's settings.</summary>
    public BrokerClient With(ErrandLimits limits) => new(_sender, _terms with { Limits = limits }, _entities, _link);

    /// <summary>A view for one write that happens once however often it is sent under this key. Needs a ledger in the database.</summary>
    public BrokerClient WithIdempotencyKey(string key) => With(_terms.Limits with { IdempotencyKey = key });

    /// <summary>A view that logs in as another user configured for the database, through a pool of its own.</summary>
    public BrokerClient As(string user) => new(_sender, _terms with { User = user }, _entities, _link);

    /// <summary>
    /// Opens a sandbox for a test: <c>await using var sandbox = await broker.OpenSandboxAsync()</c>. What is done through its
    /// <see cref="Sandbox.Broker"/> is rolled back when it is disposed. No connection is taken before its first use.
    /// </summary>
    /// <param name="isolation">The isolation level of everything in it; sessions that ask for another are refused.</param>
    /// <param name="member">Filled in by the compiler: who opens it, for the leak report.</param>
    /// <param name="file">Filled in by the compiler.</param>
    /// <param name="line">Filled in by the compiler.</param>
    public async ValueTask<Sandbox> OpenSandboxAsync(
        Isolation isolation = Isolation.ReadCommitted,
        [CallerMemberName] string member = "", [CallerFilePath] string file = "", [CallerLineNumber] int line = 0)
    {
        var reply = new Reply<SandboxOpened>(_sender.Home, static answer => (SandboxOpened)answer);
        var supervisor = await _sender.Pools.BrokerAsync().ConfigureAwait(false);
        supervisor.Tell(new OpenSandbox($"{member} ({Path.GetFileName(file)}:{line})", isolation), reply);
        var opened = await reply.Answer.ConfigureAwait(false);
        return new(new(_sender.InSandbox(opened.Supervisor), _terms, null), opened.Supervisor, _sender.Home);
    }

    /// <summary>Runs a statement. The rows it changed; -1 when it changes none, such as a SELECT.</summary>
    public ValueTask<long> ExecuteAsync(string database, SqlInterpolation sql, CancellationToken cancellation = default) =>
        ExecuteAsync(database, sql.ToStatement(), cancellation);

    /// <inheritdoc cref="ExecuteAsync(string, SqlInterpolation, CancellationToken)"/>
    public ValueTask<long> ExecuteAsync(string database, Statement statement, CancellationToken cancellation = default) =>
        _sender.RunAsync(database, statement, _terms, Answers.Affected, cancellation);

    /// <summary>
    /// Runs a statement and reads all its rows, up to `broker.errands.result-limit`. <typeparamref name="T"/> is a scalar (one column), a
    /// tuple (columns in order), or a class, record or struct whose constructor and properties take columns by name, ignoring case and
    /// underscores. Numbers may become wider ones. A NULL needs a nullable to go to; only for a reference type that stands alone or in a
    /// tuple cannot be seen whether it is one, and it is then null. Rows that do not fit are a <c>ResultMismatch</c>; the statement was
    /// carried out even so.
    /// </summary>
    public ValueTask<IReadOnlyList<T>> QueryAsync<T>(string database, SqlInterpolation sql, CancellationToken cancellation = default) =>
        QueryAsync<T>(database, sql.ToStatement(), cancellation);

    /// <inheritdoc cref="QueryAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public ValueTask<IReadOnlyList<T>> QueryAsync<T>(string database, Statement statement, CancellationToken cancellation = default) =>
        _sender.RunAsync(database, statement, _terms, Answers<T>.All, cancellation);

    /// <summary>Runs a statement that answers exactly one row; none or several are a <c>ResultMismatch</c>.</summary>
    public ValueTask<T> QuerySingleAsync<T>(string database, SqlInterpolation sql, CancellationToken cancellation = default) =>
        QuerySingleAsync<T>(database, sql.ToStatement(), cancellation);

    /// <inheritdoc cref="QuerySingleAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public ValueTask<T> QuerySingleAsync<T>(string database, Statement statement, CancellationToken cancellation = default) =>
        _sender.RunAsync(database, statement, _terms, Answers<T>.Single, cancellation);

    /// <summary>Runs a statement that answers one row or none; the type's default for none.</summary>
    public ValueTask<T?> QuerySingleOrDefaultAsync<T>(string database, SqlInterpolation sql, CancellationToken cancellation = default) =>
        QuerySingleOrDefaultAsync<T>(database, sql.ToStatement(), cancellation);

    /// <inheritdoc cref="QuerySingleOrDefaultAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public ValueTask<T?> QuerySingleOrDefaultAsync<T>(string database, Statement statement, CancellationToken cancellation = default) =>
        _sender.RunAsync(database, statement, _terms, Answers<T>.SingleOrDefault, cancellation);

    /// <summary>
    /// Reads any number of rows as they come. The statement runs alone on a connection lent for its time, from the first MoveNextAsync on;
    /// the server is read no faster than the rows are taken, and leaving the loop early cancels the rest.
    /// </summary>
    public IAsyncEnumerable<T> StreamAsync<T>(string database, SqlInterpolation sql, CancellationToken cancellation = default) =>
        StreamAsync<T>(database, sql.ToStatement(), cancellation);

    /// <inheritdoc cref="StreamAsync{T}(string, SqlInterpolation, CancellationToken)"/>
    public IAsyncEnumerable<T> StreamAsync<T>(string database, Statement statement, CancellationToken cancellation = default) =>
        RowStream.ReadAsync<T>(_sender, database, statement, _terms, cancellation);

    /// <summary>
    /// Runs a COPY ... FROM STDIN with the bytes of a stream, read until its end. All of it or nothing: when the source throws or the
    /// caller cancels, it is rolled back. COPY has no parameters, so a hole is refused.
    /// </summary>
    /// <returns>The number of rows copied.</returns>
    public ValueTask<long> CopyInAsync(string database, SqlInterpolation sql, Stream source, CancellationToken cancellation = default) =>
        CopyInAsync(database, sql.ToStatementWithoutParameters(), source, cancellation);

    /// <inheritdoc cref="CopyInAsync(string, SqlInterpolation, Stream, CancellationToken)"/>
    public ValueTask<long> CopyInAsync(string database, Statement statement, Stream source, CancellationToken cancellation = default) =>
        CopyWriter.RunAsync(_sender, database, statement, _terms, CopyWriter.ChunksOf(source, CancellationToken.None), cancellation);

    /// <inheritdoc cref="CopyInAsync(string, SqlInterpolation, Stream, CancellationToken)"/>
    public ValueTask<long> CopyInAsync(string database, SqlInterpolation sql, IAsyncEnumerable<ReadOnlyMemory<byte>> source,
        CancellationToken cancellation = default) =>
        CopyInAsync(database, sql.ToStatementWithoutParameters(), source, cancellation);

    /// <inheritdoc cref="CopyInAsync(string, SqlInterpolation, Stream, CancellationToken)"/>
    public ValueTask<long> CopyInAsync(string database, Statement statement, IAsyncEnumerable<ReadOnlyMemory<byte>> source,
        CancellationToken cancellation = default) =>
        CopyWriter.RunAsync(_sender, database, statement, _terms, CopyWriter.ChunksOf(source, CancellationToken.None), cancellation);

    /// <summary>
    /// Runs a COPY ... TO STDOUT and hands its bytes out as a stream, to be read with ReadAsync and disposed; disposing it before its end
    /// cancels the COPY. COPY has no parameters, so a hole is refused.
    /// </summary>
    public async ValueTask<Stream> CopyOutAsync(string database, Statement statement, CancellationToken cancellation = default) =>
        new CopyOutStream(await OpenedStream.OpenAsync(_sender, database, new CopyOut(statement), _terms, cancellation)
            .ConfigureAwait(false));

    /// <inheritdoc cref="CopyOutAsync(string, Statement, CancellationToken)"/>
    public ValueTask<Stream> CopyOutAsync(string database, SqlInterpolation sql, CancellationToken cancellation = default) =>
        CopyOutAsync(database, sql.ToStatementWithoutParameters(), cancellation);

    /// <summary>
    /// Listens on a channel for as long as it is enumerated (`await foreach`). All callers of a pool share one listening connection; when
    /// it is lost and made anew, a <see cref="Notification"/> with <c>Gap</c> says so.
    /// </summary>
    public Listening ListenAsync(string database, string channel, CancellationToken cancellation = default) =>
        new(_sender, database, _terms, channel, cancellation);

    /// <summary>How the database's pool is: counts, the oldest waiter, who holds what.</summary>
    public ValueTask<PoolStatus> GetStatusAsync(string database, CancellationToken cancellation = default) =>
        _sender.AskPoolAsync<PoolStatus>(database, _terms, GetPoolStatus.Instance, cancellation);

    /// <summary>
    /// Has every connection of the pool replaced. Soft: a busy one when it comes back. Hard: leases are revoked and connections closed now.
    /// </summary>
    /// <returns>The pool's new generation.</returns>
    public async ValueTask<long> InvalidateAsync(string database, bool hard = false, CancellationToken cancellation = default) =>
        (await _sender.AskPoolAsync<PoolInvalidated>(database, _terms, new InvalidatePool(hard), cancellation)
            .ConfigureAwait(false)).Generation;

    /// <summary>Holds or refuses new borrowers and statements (`pool.suspended`), until <see cref="ResumeAsync"/>.</summary>
    public async ValueTask SuspendAsync(string database, CancellationToken cancellation = default) =>
        await _sender.AskPoolAsync<PoolSuspended>(database, _terms, SuspendPool.Instance, cancellation).ConfigureAwait(false);

    /// <summary>Serves those held.</summary>
    public async ValueTask ResumeAsync(string database, CancellationToken cancellation = default) =>
        await _sender.AskPoolAsync<PoolResumed>(database, _terms, ResumePool.Instance, cancellation).ConfigureAwait(false);
}
