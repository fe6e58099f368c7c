using Broker.Client.Protocol.Failures;
using Broker.PgWire.Authentication;
using Broker.PgWire.Logins;
using Broker.Tests.Gateway.Wire;
using Xunit;

namespace Broker.Tests.Gateway.Links;

/// <summary>Links of a server that asks who they are.</summary>
public sealed class LinkLoginTests : IClassFixture<LinkLoginTests.Started>, IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly PasswordServer _server;

    public LinkLoginTests(Started started) => _server = started.Server;

    /// <summary>One server for all.</summary>
    public sealed class Started : IAsyncLifetime
    {
        internal PasswordServer Server { get; private set; } = null!;

        public async Task InitializeAsync() => Server = await PasswordServer.StartAsync();

        public async Task DisposeAsync() => await Server.DisposeAsync();
    }

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_password_lets_a_link_in_by_each_method(bool portable)
    {
        foreach (var user in new[] { "trusted", "in_clear", "by_md5", "by_scram" })
        {
            await using var stage = Stage(portable, user, "password = secret");
            Assert.Equal(user, await stage.QueryAsync(await stage.OpenAsync(), "select current_user"));
        }
    }

    [Theory]
    [InlineData("in_clear")]
    [InlineData("by_md5")]
    [InlineData("by_scram")]
    public async Task A_wrong_password_is_refused_by_the_server(string user)
    {
        await using var stage = Stage(false, user, "password = Secret");
        var refused = Assert.IsType<LoginRefused>(await stage.FailAsync());
        Assert.Equal(("28P01", $"127.0.0.1:{_server.Port}"), (refused.SqlState, refused.Server));
    }

    [Theory]
    [InlineData("in_clear")]
    [InlineData("by_md5")]
    [InlineData("by_scram")]
    public async Task Without_a_password_the_refusal_says_so(string user)
    {
        await using var stage = Stage(false, user, "");
        Assert.Contains("there is no password", Assert.IsType<LoginRefused>(await stage.FailAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Keys_that_a_client_has_shown_let_its_link_in_and_a_password_goes_before_them(bool portable)
    {
        var shown = Credential.OfKeys(await KeysAsync());
        await using var stage = Stage(portable, "by_scram", "");
        Assert.Equal("by_scram", await stage.QueryAsync(await stage.OpenAsync(shown), "select current_user"));

        await using var wrong = Stage(portable, "by_scram", "password = Secret");
        Assert.Equal("28P01", (await wrong.FailAsync(shown)).SqlState);

        await using var other = Stage(portable, "by_md5", "");
        Assert.Contains("only what serves for another method", Assert.IsType<LoginRefused>(await other.FailAsync(shown)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_password_is_read_for_each_link_and_one_that_cannot_be_read_is_a_refusal()
    {
        await File.WriteAllTextAsync(_file, "secret\n");
        await using var stage = Stage(false, "by_scram", $"password-file = \"{_file}\"");
        await stage.OpenAsync();
        await File.WriteAllTextAsync(_file, "another\n");
        Assert.Equal("28P01", (await stage.FailAsync()).SqlState);
        File.Delete(_file);
        Assert.Contains("the password cannot be read", Assert.IsType<LoginRefused>(await stage.FailAsync()).Message,
            StringComparison.Ordinal);
    }

    private LinkStage Stage(bool portable, string user, string database) =>
        LinkStage.Of(portable, $"host = \"127.0.0.1\", port = {_server.Port}", $"database = postgres, user = {user}\n{database}");

    private async Task<ScramKeys> KeysAsync()
    {
        var client = new ScramClient("secret", ScramServer.Offered(false));
        var door = new ScramServer(ScramVerifier.Parse(await _server.KeptAsync("by_scram"))!);
        door.Final(client.Final(door.First(client.Mechanism, client.First(), out _), out _), out _);
        return door.Keys!;
    }
}
