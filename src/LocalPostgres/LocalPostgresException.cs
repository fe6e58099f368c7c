namespace Broker.Postgres;

/// <summary>A private server could not be made, started or stopped; the message holds the end of its log.</summary>
public class LocalPostgresException : Exception
{
    /// <summary>Names what failed.</summary>
    public LocalPostgresException(string message)
        : base(message)
    {
    }

    /// <summary>Names what failed, and what it failed of.</summary>
    public LocalPostgresException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
