using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Serialization;

namespace Broker.Client.Remote.Links;

/// <summary>What travels inside frames: requests one way, answers and the end of actors the other.</summary>
internal sealed class LinkCodec : IDisposable
{
    // What a request may take in memory: so much whatever it is, and so many times its bytes.
    private const int FreeMemory = 1 << 20;
    // A flush that sets many columns of many rows to NULL takes 54 times its bytes.
    private const int MostTimes = 64;

    private readonly MessageCodec _codec;
    private readonly MessageWriter _writer = new();

    internal LinkCodec(IReferenceTable references) => _codec = new(references);

    /// <summary>What a part of the traffic is. Never renumbered.</summary>
    internal enum Kind : byte
    {
        /// <summary>A request: the receiver's number, the caller's (0: nobody is to be answered), the message.</summary>
        Request = 1,
        /// <summary>An answer: the caller's number, the answering actor's (0: nobody), the message.</summary>
        Answer = 2,
        /// <summary>An actor of the broker is gone: its number.</summary>
        Gone = 3,
    }

    /// <summary>A request.</summary>
    /// <exception cref="BrokerException">It holds what cannot cross.</exception>
    internal ReadOnlyMemory<byte> Request(long target, long caller, object message)
    {
        _ = Begin(Kind.Request, target, caller, message);
        return _writer.HandOver();
    }

    /// <summary>An answer.</summary>
    /// <param name="caller">Whom it is for.</param>
    /// <param name="from">Who answers; 0 for nobody.</param>
    /// <param name="message">The answer.</param>
    /// <param name="whole">False when it holds what cannot cross, and a refusal that says so was written in its place.</param>
    internal ReadOnlyMemory<byte> Answer(long caller, long from, object message, out bool whole)
    {
        whole = Begin(Kind.Answer, caller, from, message);
        return _writer.HandOver();
    }

    /// <summary>The end of an actor.</summary>
    internal ReadOnlyMemory<byte> Gone(long reference)
    {
        _writer.Clear();
        _writer.WriteByte((byte)Kind.Gone);
        _writer.WriteVar((ulong)reference);
        return _writer.HandOver();
    }

    /// <summary>Reads what was written by the other end.</summary>
    /// <exception cref="MalformedMessageException">Nothing of ours was.</exception>
    internal Item Read(ReadOnlyMemory<byte> bytes)
    {
        // The bytes are one frame's or one message's own, and nobody changes them.
        var reader = new MessageReader(bytes, kept: true);
        var kind = (Kind)reader.ReadByte();
        var first = Number(reader);
        return kind switch
        {
            Kind.Gone => new(kind, first, 0, null),
            Kind.Request => new(kind, first, Number(reader), ReadRequest(reader, bytes.Length)),
            Kind.Answer => new(kind, first, Number(reader), _codec.Read(reader)),
            _ => throw new MalformedMessageException($"{kind} is no kind of item"),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();

    // Of answers that are read nothing is refused: whoever asked for a million NULLs has them.
    private object ReadRequest(MessageReader reader, int length)
    {
        reader.Limit(FreeMemory, MostTimes);
        try
        {
            return _codec.Read(reader);
        }
        catch (ExpandingMessageException)
        {
            return new Unread(new StatementRefused(
                $"in the broker's memory it would take more than 1 MiB and {MostTimes} times its {length} bytes", "the request"));
        }
    }

    private static long Number(MessageReader reader) => reader.ReadVar() is <= long.MaxValue and var number
        ? (long)number
        : throw new MalformedMessageException("a reference has more than 63 bits");

    private bool Begin(Kind kind, long first, long second, object message)
    {
        _writer.Clear();
        _writer.WriteByte((byte)kind);
        _writer.WriteVar((ulong)first);
        _writer.WriteVar((ulong)second);
        return _codec.Write(_writer, message);
    }

    /// <summary>Stands for a request that is not read, and says why.</summary>
    internal sealed record Unread(Failure Failure);

    /// <summary>One item.</summary>
    /// <param name="Kind">What it is.</param>
    /// <param name="First">The receiver of a request, the caller that an answer is for, or who is gone.</param>
    /// <param name="Second">The caller of a request, or who answers.</param>
    /// <param name="Message">The request or the answer.</param>
    internal readonly record struct Item(Kind Kind, long First, long Second, object? Message);
}
