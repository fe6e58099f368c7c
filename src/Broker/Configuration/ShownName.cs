namespace Broker.Configuration;

/// <summary>What a server shows as application_name of a connection that a client of the gateway uses.</summary>
public enum ShownName
{
    /// <summary>The pool's; the client's own is kept, and shown to the client.</summary>
    Broker,

    /// <summary>The client's, set anew when the connection goes from one to another with another name.</summary>
    Exact,
}
