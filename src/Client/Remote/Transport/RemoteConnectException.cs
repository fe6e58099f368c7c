namespace Broker.Client.Remote.Transport;

/// <summary>No wire to the broker came about. Its message says why, and for which address.</summary>
public sealed class RemoteConnectException : Exception
{
    /// <summary>Made by the transport, and by the runtime.</summary>
    public RemoteConnectException(string message)
        : base(message)
    {
    }

    /// <summary>As above, with the error that it comes from.</summary>
    public RemoteConnectException(string message, Exception cause)
        : base(message, cause)
    {
    }

    /// <summary>Without a reason; the transport always gives one.</summary>
    public RemoteConnectException()
    {
    }
}
