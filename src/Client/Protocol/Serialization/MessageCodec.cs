using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization.Forms;

namespace Broker.Client.Protocol.Serialization;

/// <summary>
/// The wire form of all of <see cref="RemoteMessages"/>: a manifest, the body's length, the body. No type is ever named or looked up by
/// what a peer sends; what there is stands in <see cref="MessageTable"/>. May be used by several threads if the reference table may.
/// </summary>
internal sealed class MessageCodec
{
    private readonly IReferenceTable _references;
    private readonly Family<object> _readable;

    /// <summary>A codec for one connection.</summary>
    /// <param name="references">What actor references are on it.</param>
    /// <param name="readable">What it reads; all messages unless given.</param>
    internal MessageCodec(IReferenceTable references, Family<object>? readable = null) =>
        (_references, _readable) = (references, readable ?? MessageTable.Messages);

    /// <summary>
    /// Writes one message behind what is written already. A reply that holds what cannot cross, such as a value of a type that only the
    /// driver knows, is written as the refusal that says so. A request that does is not written, and is a
    /// <see cref="BrokerException"/> to who sends it.
    /// </summary>
    /// <returns>
    /// Whether the message itself was written; false when it was what stands in for it. A stream of which that happened is to be closed.
    /// </returns>
    internal bool Write(MessageWriter writer, object message)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(message);
        var start = writer.Length;
        (writer.References, writer.RefusesHalfPairs) = (_references, message is IBrokerRequest);
        try
        {
            MessageTable.Messages.Write(writer, message);
            return true;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            writer.Truncate(start);
            writer.RefusesHalfPairs = false;
            var failure = FailureOf(exception, message);
            if (message is not IBrokerReply reply)
                throw new BrokerException(failure, exception);
            MessageTable.Messages.Write(writer, StandIns.For(reply, failure));
            return false;
        }
        finally
        {
            (writer.References, writer.RefusesHalfPairs) = (null, false);
        }
    }

    // Whatever a value of one caller throws as it is read, such as a JSON document that was disposed meanwhile, is told to that caller: one
    // actor writes for all of them.
    private static Failure FailureOf(Exception exception, object message) =>
        exception is UnsendableException unsendable ? unsendable.Failure
        : message is IBrokerReply ? new ResultMismatch(UnsendableException.WhyUnreadable(exception))
        : new StatementRefused(UnsendableException.WhyUnreadable(exception), message.GetType().Name);

    /// <summary>Reads one message, and leaves the reader behind it. Throws <see cref="MalformedMessageException"/>.</summary>
    internal object Read(MessageReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        reader.References = _references;
        try
        {
            return _readable.Read(reader);
        }
        finally
        {
            reader.References = null;
        }
    }
}
