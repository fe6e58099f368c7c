using System.Net.Sockets;
using System.Text;
using Xunit;

namespace Broker.Host.Tests.Serving;

public sealed class ServeTests : IDisposable
{
    private const string Ready = "brokerd is ready";

    private const string Good = """
        broker {
          servers.main { host = "127.0.0.1", port = 1 }
          databases.orders { server = main, user = app }
          pool { size = 10, overflow = 0 }
        }
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("brokerd-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    private string ConfigurationFile => Path.Combine(_folder.FullName, "brokerd.conf");

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_to_end_drains_the_broker_and_is_a_success(string signal)
    {
        using var brokerd = Serve(Good);
        await brokerd.SaysAsync(Ready);

        await brokerd.SignalAsync(signal);

        Assert.Equal(0, await brokerd.EndAsync());
        Assert.Contains($"SIG{signal}: what runs is finished", brokerd.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_settings_are_all_told_with_path_value_place_and_what_is_allowed()
    {
        using var brokerd = Serve(Good.Replace("size = 10", "size = -5, aquire-timeout = 1s", StringComparison.Ordinal));

        Assert.Equal(2, await brokerd.EndAsync());
        Assert.Contains($"broker.pool.size = -5 ({ConfigurationFile}, line 4): allowed is a whole number from 0 to 10000", brokerd.Said,
            StringComparison.Ordinal);
        Assert.Contains("nearest is acquire-timeout", brokerd.Said, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", brokerd.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        using var brokerd = Brokerd.Start("serve", "--config", ConfigurationFile);

        Assert.Equal(2, await brokerd.EndAsync());
        Assert.Contains(ConfigurationFile, brokerd.Said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serve", "--config")]
    [InlineData("serve", "--port", "1")]
    [InlineData("swerve")]
    public async Task Words_that_are_not_understood_are_answered_with_those_that_are(params string[] words)
    {
        using var brokerd = Brokerd.Start(words);

        Assert.Equal(2, await brokerd.EndAsync());
        Assert.Contains("brokerd serve [--config FILE]", brokerd.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_must_be_reached_at_the_start_and_cannot_is_a_failure_with_its_reason()
    {
        using var brokerd = Serve(Good.Replace("size = 10", "size = 10, fail-fast = on", StringComparison.Ordinal));

        Assert.Equal(1, await brokerd.EndAsync());
        Assert.Contains("brokerd did not start: pool orders~app cannot connect to 127.0.0.1:1", brokerd.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hangup_reads_the_file_again_and_a_bad_file_changes_nothing()
    {
        using var brokerd = Serve(Good);
        await brokerd.SaysAsync(Ready);

        await WriteAsync(Good.Replace("size = 10", "size = many", StringComparison.Ordinal));
        await brokerd.SignalAsync("HUP");
        await brokerd.SaysAsync("brokerd keeps the settings it has");
        await brokerd.SaysAsync("broker.pool.size = many");

        File.Delete(ConfigurationFile);
        await brokerd.SignalAsync("HUP");
        await brokerd.SaysAsync("brokerd keeps the settings it has", times: 2);

        await WriteAsync(Good.Replace("size = 10", "size = 11", StringComparison.Ordinal) + "\nbroker.packing.width = 3\n");
        await brokerd.SignalAsync("HUP");
        await brokerd.SaysAsync("broker.pool.size hold from now on");
        await brokerd.SaysAsync("broker.packing.width will hold only after a restart");

        await brokerd.SignalAsync("TERM");
        Assert.Equal(0, await brokerd.EndAsync());
    }

    [Fact]
    public async Task A_service_manager_is_told_when_it_is_ready_and_when_it_stops()
    {
        var path = Path.Combine(_folder.FullName, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(path));
        await WriteAsync(Good);

        using var brokerd = Brokerd.Start(new Dictionary<string, string> { ["NOTIFY_SOCKET"] = path }, "serve", "--config",
            ConfigurationFile);

        Assert.Equal("READY=1", await NextAsync(socket));
        await brokerd.SignalAsync("TERM");
        Assert.Equal("STOPPING=1", await NextAsync(socket));
        Assert.Equal(0, await brokerd.EndAsync());
    }

    private Brokerd Serve(string configuration)
    {
        File.WriteAllText(ConfigurationFile, configuration);
        return Brokerd.Start("serve", "--config", ConfigurationFile);
    }

    private Task WriteAsync(string configuration) => File.WriteAllTextAsync(ConfigurationFile, configuration);

    private static async Task<string> NextAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[256];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, limit.Token));
    }
}
