using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado;

/// <summary>How the connections and commands of a data source are.</summary>
public sealed record BrokerDataSourceOptions
{
    /// <summary>All by default.</summary>
    public static BrokerDataSourceOptions Default { get; } = new();

    /// <summary>How long a command may take that says nothing else; zero for ever. 30 s by default.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Whether queries are read as they come (<see cref="BrokerCommand.Streaming"/>), where their commands say nothing else. False by
    /// default: what streams shares no round trip with others.
    /// </summary>
    public bool Streaming { get; init; }

    /// <summary>How many rows a streaming query in a transaction fetches at a time; 500 by default.</summary>
    public int CursorRows { get; init; } = 500;

    /// <summary>
    /// What transactions begin with. The isolation level that BeginTransaction is given comes before it. Role, search path and settings
    /// are the client's (<see cref="BrokerClient.With(CallerContext)"/>) where these terms have none.
    /// </summary>
    public ConversationTerms Terms { get; init; } = ConversationTerms.Default;
}
