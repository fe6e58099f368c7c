using System.Data.Common;

namespace Broker.Client.Ado;

/// <summary>
/// Makes connections and commands of one data source for code that knows no provider. There is one for each data source, because a
/// connection string cannot say where a broker is.
/// </summary>
public sealed class BrokerProviderFactory : DbProviderFactory
{
    private readonly BrokerDataSource _source;

    internal BrokerProviderFactory(BrokerDataSource source) => _source = source;

    /// <summary>A closed connection of the data source.</summary>
    public override DbConnection CreateConnection() => _source.CreateConnection();

    /// <summary>A command, which needs a connection.</summary>
    public override DbCommand CreateCommand() => new BrokerCommand();

    /// <summary>True.</summary>
    public override bool CanCreateBatch => true;

    /// <summary>A batch, which needs a connection.</summary>
    public override DbBatch CreateBatch() => new BrokerBatch();

    /// <inheritdoc/>
    public override DbBatchCommand CreateBatchCommand() => new BrokerBatchCommand();

    /// <inheritdoc/>
    public override DbParameter CreateParameter() => new BrokerParameter();

    /// <inheritdoc/>
    public override DbConnectionStringBuilder CreateConnectionStringBuilder() => new() { ConnectionString = _source.ConnectionString };

    /// <summary>The one data source.</summary>
    /// <exception cref="NotSupportedException">The string is that of another.</exception>
    public override DbDataSource CreateDataSource(string connectionString) =>
        string.IsNullOrEmpty(connectionString) || connectionString == _source.ConnectionString
            ? _source
            : throw new NotSupportedException(
                $"this factory is of the data source \"{_source.ConnectionString}\": make another with a BrokerClient");
}
