using System.Collections.Immutable;
using System.Data;
using Broker.Client.Ado.Writing;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Running;

/// <summary>One execution of a command or a batch, which may be cancelled while it is under way.</summary>
internal sealed class Execution
{
    private readonly StatementRoute _route;
    private readonly ImmutableArray<Statement> _statements;
    private readonly CommandBehavior _behavior;
    private readonly TimeSpan _timeout;
    private Deadline? _deadline;

    /// <summary>An execution; for <see cref="CommandBehavior.SchemaOnly"/>, of what tells the statements' columns only.</summary>
    /// <exception cref="NotSupportedException">The columns of one of them are known only by running it.</exception>
    internal Execution(StatementRoute route, ImmutableArray<Statement> statements, CommandBehavior behavior, TimeSpan timeout)
    {
        if (behavior.HasFlag(CommandBehavior.SchemaOnly))
            statements = [.. statements.Select(CommandWriter.ColumnsOnly)];
        (_route, _statements, _behavior, _timeout) = (route, statements, behavior, timeout);
    }

    /// <summary>
    /// Whether rows are read as they come; a text of several statements, or one that is no query, has all at once even so.
    /// </summary>
    internal bool Streams { get; init; }

    /// <summary>The commands of a batch, one for each statement, which are told how many rows they changed; none for a command.</summary>
    internal ImmutableArray<BrokerBatchCommand> Commands { get; init; } = [];

    private bool FirstRowOnly => _behavior.HasFlag(CommandBehavior.SingleRow);

    /// <summary>Ends what is under way.</summary>
    internal void Cancel() => Volatile.Read(ref _deadline)?.Cancel();

    /// <summary>Runs it; all results are here at its end. A batch without commands has none, and nothing is sent for it.</summary>
    internal async ValueTask<ImmutableArray<StepResult>> RunAsync(CancellationToken cancellation)
    {
        if (_statements.IsEmpty)
            return [];
        using var deadline = Start(cancellation);
        try
        {
            var results = await _route.RunAsync(_statements, deadline.Token).ConfigureAwait(false);
            for (var i = 0; i < Commands.Length; i++)
                Commands[i].Affected(results[i].Affected);
            return results;
        }
        catch (Exception thrown) when (deadline.WhyEnded(thrown) is { } why)
        {
            throw why;
        }
    }

    /// <summary>Runs it for a reader.</summary>
    internal async ValueTask<ResultRows> ReadAsync(CancellationToken cancellation)
    {
        if (Streams && _statements is [var only] && CommandWriter.IsQuery(only))
            return await StreamAsync(only, cancellation).ConfigureAwait(false);
        var results = await RunAsync(cancellation).ConfigureAwait(false);
        return new(results, firstResultOnly: (_behavior & (CommandBehavior.SingleResult | CommandBehavior.SingleRow)) != 0, FirstRowOnly);
    }

    private async ValueTask<ResultRows> StreamAsync(Statement statement, CancellationToken cancellation)
    {
        var deadline = Start(cancellation);
        RowChunks? chunks = null;
        try
        {
            chunks = await _route.OpenAsync(statement, deadline.Token).ConfigureAwait(false);
            var first = await chunks.NextAsync(deadline.Token).ConfigureAwait(false);
            deadline.Pause();
            return new(first, chunks, deadline, FirstRowOnly);
        }
        catch (Exception thrown)
        {
            if (chunks is not null)
                await chunks.DisposeAsync().ConfigureAwait(false);
            var why = deadline.WhyEnded(thrown);
            deadline.Dispose();
            if (why is null)
                throw;
            throw why;
        }
    }

    private Deadline Start(CancellationToken cancellation)
    {
        var deadline = new Deadline(_timeout, cancellation);
        Volatile.Write(ref _deadline, deadline);
        return deadline;
    }
}
