using Broker.Bench.Contenders;
using Npgsql;

namespace Broker.Bench.Remotes;

/// <summary>Npgsql's pool at another address than the server's, such as a gateway.</summary>
internal sealed class NpgsqlThrough(string connectionString, string name) : NpgsqlContender
{
    public const string Gateway = "npgsql-gateway";

    public override string Name => name;

    protected override void Adjust(NpgsqlConnectionStringBuilder settings)
    {
        var other = new NpgsqlConnectionStringBuilder(connectionString);
        (settings.Host, settings.Port, settings.Password, settings.Multiplexing) = (other.Host, other.Port, other.Password, false);
    }
}
