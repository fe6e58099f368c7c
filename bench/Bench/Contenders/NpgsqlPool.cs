using Npgsql;

namespace Broker.Bench.Contenders;

/// <summary>Npgsql's own pool: one caller has one connection while its statement runs.</summary>
internal sealed class NpgsqlPool : NpgsqlContender
{
    public const string ContenderName = "npgsql-pool";

    public override string Name => ContenderName;

    protected override void Adjust(NpgsqlConnectionStringBuilder settings) => settings.Multiplexing = false;
}
