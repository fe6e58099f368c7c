using Broker.Bench.Contenders;
using Npgsql;

namespace Broker.Bench.Flushing;

/// <summary>A contender with a data source of Npgsql.</summary>
internal abstract class OnNpgsql : InProcess
{
    private NpgsqlDataSource? _dataSource;

    protected NpgsqlDataSource DataSource => Started(_dataSource);

    /// <summary>Whether statements are prepared from their second use on.</summary>
    protected virtual bool Prepares => true;

    public override Task StartAsync(string connectionString, int maximumConnections)
    {
        var settings = NpgsqlSettings.For(connectionString, maximumConnections);
        settings.MaxAutoPrepare = Prepares ? settings.MaxAutoPrepare : 0;
        _dataSource = NpgsqlDataSource.Create(settings);
        return Task.CompletedTask;
    }

    public override ValueTask DisposeAsync() => _dataSource?.DisposeAsync() ?? ValueTask.CompletedTask;
}
