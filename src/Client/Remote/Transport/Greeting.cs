namespace Broker.Client.Remote.Transport;

/// <summary>
/// The first bytes of both sides, within TLS where there is TLS: the client says which protocol it speaks, and the broker answers with the
/// same and with whether it may come in. So each side tells at once what is wrong: another service, another version, TLS on one side only,
/// a certificate that the other does not accept (which a client of TLS 1.3 hears only with the first bytes it reads). It is long enough
/// for TLS to see that it is none.
/// </summary>
internal static class Greeting
{
    private static readonly byte[] Protocol = [.. "Broker/1"u8];

    /// <summary>Greets as a client.</summary>
    /// <exception cref="InvalidDataException">What answers is no broker, or does not let this client in.</exception>
    public static async Task SayAndHear(Stream stream, CancellationToken cancel)
    {
        await stream.WriteAsync(Protocol, cancel).ConfigureAwait(false);
        var answer = new byte[Protocol.Length + 1];
        await stream.ReadExactlyAsync(answer, cancel).ConfigureAwait(false);
        if (!answer.AsSpan().StartsWith(Protocol))
        {
            throw new InvalidDataException("what answers there is no broker's door, or one of another version");
        }

        if (answer[^1] != (byte)Welcome.In)
        {
            throw new InvalidDataException("the broker has as many connections as it may have");
        }
    }

    /// <summary>Hears a client's greeting.</summary>
    /// <exception cref="InvalidDataException">It speaks another protocol.</exception>
    public static async Task Hear(Stream stream, CancellationToken cancel)
    {
        var said = new byte[Protocol.Length];
        await stream.ReadExactlyAsync(said, cancel).ConfigureAwait(false);
        if (!said.AsSpan().SequenceEqual(Protocol))
        {
            throw new InvalidDataException(said[0] == 0x16 ? "it speaks TLS, which is not set here" : "it speaks another protocol");
        }
    }

    /// <summary>Answers a client's greeting.</summary>
    public static ValueTask Answer(Stream stream, Welcome welcome, CancellationToken cancel) =>
        stream.WriteAsync(new([.. Protocol, (byte)welcome]), cancel);
}
