using System.Collections.Frozen;
using Broker.PgWire.Messages;

namespace Broker.PgWire.Framing;

/// <summary>
/// Which types of message a side may send, and how long each may be: what is beyond is refused at its header, before anything is kept of
/// it. The figures are those of the server (PQ_SMALL_MESSAGE_LIMIT, PQ_LARGE_MESSAGE_LIMIT, PG_MAX_AUTH_TOKEN_LENGTH) and count the length
/// field, as it does: a byte more, passed on, and it closes the connection.
/// </summary>
public sealed class FrameLimits
{
    /// <summary>The longest message of a client with text or data of a user: 1 GiB less 2 bytes.</summary>
    public const int Large = 0x3FFFFFFE;

    /// <summary>The longest message of a client of another type, in bytes.</summary>
    public const int Small = 10_000;

    /// <summary>The longest response to authentication, in bytes.</summary>
    public const int AuthenticationToken = 65_535;

    /// <summary>The longest body that a server can make (MaxAllocSize).</summary>
    private const int ServerBody = 0x3FFFFFFF;

    private readonly int[] _longest;

    private FrameLimits(FrozenDictionary<byte, int> longest)
    {
        _longest = new int[byte.MaxValue + 1];
        Array.Fill(_longest, -1);
        foreach (var (type, length) in longest)
            _longest[type] = length;
    }

    /// <summary>What a client may send before it has proved who it is: responses only.</summary>
    public static FrameLimits Authenticating { get; } = new(FrozenDictionary.ToFrozenDictionary(
    [
        KeyValuePair.Create((byte)FrontendType.AuthenticationResponse, Body(AuthenticationToken)),
        KeyValuePair.Create((byte)FrontendType.Terminate, 0),
    ]));

    /// <summary>What a client may send afterwards.</summary>
    public static FrameLimits Frontend { get; } = new(Enum.GetValues<FrontendType>()
        .ToFrozenDictionary(static type => (byte)type, static type => Body(Longest(type))));

    /// <summary>What a server may send.</summary>
    public static FrameLimits Backend { get; } = new(Enum.GetValues<BackendType>()
        .ToFrozenDictionary(static type => (byte)type, static _ => ServerBody));

    /// <summary>The longest body of a type in bytes; -1 when it may not be sent.</summary>
    public int Of(byte type) => _longest[type];

    private static int Body(int length) => length - sizeof(int);

    private static int Longest(FrontendType type) => type switch
    {
        FrontendType.Bind or FrontendType.CopyData or FrontendType.FunctionCall or FrontendType.Parse or FrontendType.Query => Large,
        FrontendType.AuthenticationResponse => AuthenticationToken,
        FrontendType.Close or FrontendType.CopyDone or FrontendType.CopyFail or FrontendType.Describe or FrontendType.Execute
            or FrontendType.Flush
            or FrontendType.Sync or FrontendType.Terminate => Small,
    };
}
