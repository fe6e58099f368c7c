using System.Collections.Immutable;
using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Broker.Client.Ado.Writing;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado;

/// <summary>One statement of a batch.</summary>
public sealed class BrokerBatchCommand : DbBatchCommand
{
    private string _text = "";
    private int _affected;

    /// <summary>A command without a text.</summary>
    public BrokerBatchCommand() { }

    /// <summary>A command.</summary>
    public BrokerBatchCommand(string? text) => CommandText = text;

    /// <inheritdoc/>
    [AllowNull]
    public override string CommandText
    {
        get => _text;
        set => _text = value ?? "";
    }

    /// <inheritdoc/>
    public override CommandType CommandType { get; set; } = CommandType.Text;

    /// <summary>How many rows it changed when it was last executed; -1 when it changes none.</summary>
    public override int RecordsAffected => _affected;

    /// <summary>The values.</summary>
    public new BrokerParameterCollection Parameters { get; } = [];

    /// <summary>True.</summary>
    public override bool CanCreateParameter => true;

    /// <inheritdoc/>
    protected override DbParameterCollection DbParameterCollection => Parameters;

    /// <inheritdoc/>
    public override DbParameter CreateParameter() => new BrokerParameter();

    /// <summary>Its statement.</summary>
    internal Statement ToStatement() => CommandWriter.WriteOne(_text, CommandType, Parameters);

    /// <summary>It was executed.</summary>
    internal void Affected(long rows) => _affected = (int)Math.Min(int.MaxValue, rows);

    /// <summary>The statements of commands.</summary>
    internal static ImmutableArray<Statement> StatementsOf(IEnumerable<BrokerBatchCommand> commands) =>
        [.. commands.Select(static command => command.ToStatement())];
}
