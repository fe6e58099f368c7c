namespace Broker.PgWire.Releasing;

/// <summary>Which COPY the server is in.</summary>
internal enum CopyState
{
    /// <summary>None.</summary>
    None,

    /// <summary>It reads data.</summary>
    In,

    /// <summary>It sends data.</summary>
    Out,

    /// <summary>Both: replication.</summary>
    Both,
}
