using Broker.Client.Protocol.Failures;

namespace Broker.Client.Sending;

/// <summary>What a refusal is thrown as.</summary>
internal static class Refusal
{
    /// <summary>
    /// Cancelled by the caller's own token is an <see cref="OperationCanceledException"/> of that token; all else is a
    /// <see cref="BrokerException"/>.
    /// </summary>
    internal static Exception Of(Failure failure, CancellationToken token)
    {
        var refused = new BrokerException(failure);
        return failure is Cancelled && token.IsCancellationRequested
            ? new OperationCanceledException(refused.Message, refused, token)
            : refused;
    }
}
