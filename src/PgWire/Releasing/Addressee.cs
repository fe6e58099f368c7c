namespace Broker.PgWire.Releasing;

/// <summary>For whom a message of the server is.</summary>
public enum Addressee
{
    /// <summary>For the client that uses the link.</summary>
    Client,

    /// <summary>
    /// For the broker, which asked. An error of what it sent ahead for a client is the client's own: the rest of its series is skipped.
    /// </summary>
    Broker,

    /// <summary>It answers nothing: a notice, a notification, a changed setting, or the error that is the server's last word.</summary>
    Anyone,

    /// <summary>It cannot come here: the link is given up.</summary>
    Breach,
}
