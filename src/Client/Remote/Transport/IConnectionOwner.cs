namespace Broker.Client.Remote.Transport;

/// <summary>The end that a connection belongs to.</summary>
internal interface IConnectionOwner
{
    /// <summary>The other side said who it is. Akka is told of an inbound association here.</summary>
    /// <returns>Why it is not let in; null when it is.</returns>
    string? WhyNot(Connection connection, string system);

    /// <summary>A connection has closed; told once.</summary>
    void Closed(Connection connection, ConnectionEnd end);
}
