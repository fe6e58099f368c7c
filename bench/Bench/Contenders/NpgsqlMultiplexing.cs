using Npgsql;

namespace Broker.Bench.Contenders;

/// <summary>Npgsql's multiplexing: one writer spreads the statements of all callers over the connections, pipelined.</summary>
internal sealed class NpgsqlMultiplexing : NpgsqlContender
{
    public const string ContenderName = "npgsql-multiplexing";

    public override string Name => ContenderName;

    protected override void Adjust(NpgsqlConnectionStringBuilder settings) => settings.Multiplexing = true;
}
