using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Serialization;
using Broker.PgWire.Authentication;

namespace Broker.Client.Remote.Links;

/// <summary>One login at the broker's door: the client shows that it knows the password, and the broker that it does.</summary>
internal sealed class Knock(RemoteOptions options, string broker, ClientId client)
{
    private readonly ScramClient _scram = new(options.Password, [ScramServer.Mechanism]);

    /// <summary>What is said first.</summary>
    internal Hello Hello() =>
        new(ProtocolVersion.Oldest.Number, ProtocolVersion.Current.Number, broker, options.User, client, _scram.First())
        {
            LargestAnswers = options.LargestMessages,
        };

    /// <summary>The proof.</summary>
    /// <param name="challenged">What the broker asks.</param>
    /// <param name="received">Up to which of its frames everything was received.</param>
    /// <exception cref="BrokerException">What it asks is no question of SCRAM.</exception>
    internal ProveUser Prove(Challenged challenged, long received)
    {
        var final = _scram.Final(challenged.ServerFirst.Span, out var refused);
        return refused is null ? new(final, received) : throw Refused(refused);
    }

    /// <summary>Proves the broker.</summary>
    /// <exception cref="BrokerException">It does not know the password, so it is not the one.</exception>
    internal void Verify(Admitted admitted)
    {
        if (_scram.Verify(admitted.ServerFinal.Span) is { } refused)
        {
            throw Refused(refused);
        }
    }

    private BrokerException Refused(ProofRefused refused) =>
        new(new ClientRefused(options.User, "28P01", $"{refused.Text}, so it is not the broker"));
}
