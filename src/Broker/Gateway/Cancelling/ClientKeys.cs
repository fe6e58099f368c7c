using System.Security.Cryptography;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Startup;

namespace Broker.Gateway.Cancelling;

/// <summary>
/// The keys by which clients cancel: ours, not those of the server processes, which change with each transaction. A request is looked up by
/// its process id, a number of ours, and its secret compared in a time that tells nothing. Owned by one actor.
/// </summary>
/// <typeparam name="T">What stands for a client.</typeparam>
internal sealed class ClientKeys<T>
{
    /// <summary>The length of protocol 3.0, in bytes.</summary>
    private const int Short = 4;

    /// <summary>What PostgreSQL 18 gives from protocol 3.2 on, in bytes.</summary>
    private const int Long = 32;

    private readonly Dictionary<int, (T Client, byte[] Secret)> _clients = [];
    private int _last;

    /// <summary>How many clients have one.</summary>
    internal int Count => _clients.Count;

    /// <summary>Gives a client its key.</summary>
    /// <param name="client">The client.</param>
    /// <param name="version">What it speaks.</param>
    internal BackendKeyData Give(T client, ProtocolVersion version)
    {
        var secret = RandomNumberGenerator.GetBytes(version >= ProtocolVersion.V32 ? Long : Short);
        // some drivers take a negative number or zero for none
        do
        {
            _last = _last == int.MaxValue ? 1 : _last + 1;
        }
        while (!_clients.TryAdd(_last, (client, secret)));
        return new(_last, secret);
    }

    /// <summary>Who is meant; default when nobody is.</summary>
    internal T? Find(CancelRequest request) =>
        _clients.TryGetValue(request.ProcessId, out var found)
            && CryptographicOperations.FixedTimeEquals(found.Secret, request.SecretKey.Span) ? found.Client : default;

    /// <summary>A client is gone.</summary>
    internal void Take(int processId) => _clients.Remove(processId);
}
