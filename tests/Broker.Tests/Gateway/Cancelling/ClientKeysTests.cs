using Broker.Gateway.Cancelling;
using Broker.PgWire.Startup;
using Xunit;

namespace Broker.Tests.Gateway.Cancelling;

public sealed class ClientKeysTests
{
    private readonly ClientKeys<string> _keys = new();

    [Fact]
    public void A_request_finds_the_client_that_was_given_its_key()
    {
        var (one, other) = (_keys.Give("one", ProtocolVersion.V30), _keys.Give("other", ProtocolVersion.V32));

        Assert.Equal("one", _keys.Find(new(one.ProcessId, one.SecretKey)));
        Assert.Equal("other", _keys.Find(new(other.ProcessId, other.SecretKey)));
        Assert.Equal((4, 32), (one.SecretKey.Length, other.SecretKey.Length));
    }

    [Fact]
    public void A_wrong_secret_a_shorter_one_and_a_client_that_is_gone_find_nobody()
    {
        var key = _keys.Give("one", ProtocolVersion.V32);
        var wrong = key.SecretKey.ToArray();
        wrong[^1]++;

        Assert.Null(_keys.Find(new(key.ProcessId, wrong)));
        Assert.Null(_keys.Find(new(key.ProcessId, key.SecretKey[..4])));
        Assert.Null(_keys.Find(new(key.ProcessId + 1, key.SecretKey)));
        _keys.Take(key.ProcessId);
        Assert.Null(_keys.Find(new(key.ProcessId, key.SecretKey)));
        Assert.Equal(0, _keys.Count);
    }

    [Fact]
    public void Two_clients_never_share_a_number() =>
        Assert.Equal(1_000,
            Enumerable.Range(0, 1_000).Select(number => _keys.Give($"client {number}", ProtocolVersion.V30).ProcessId).Distinct().Count());
}
