namespace Broker.Client.Remote.Transport;

/// <summary>Whether a client may come in; the numbers are those on the wire.</summary>
internal enum Welcome : byte
{
    /// <summary>It may.</summary>
    In = 0,

    /// <summary>There are as many connections as there may be.</summary>
    Full = 1,
}
