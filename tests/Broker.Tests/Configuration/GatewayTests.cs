using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

/// <summary>What <c>broker.gateway</c> may say.</summary>
public sealed class GatewayTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("broker-gateway-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Without_listen_there_is_no_gateway()
    {
        var gateway = Parse("");
        Assert.Empty(gateway.Listen);
        Assert.Equal(
            (AccessMethod.ScramSha256, PoolMode.Transaction, ShownName.Broker), (gateway.Auth, gateway.Mode, gateway.ApplicationName));
        Assert.Null(gateway.Loops);
        Assert.Null(gateway.Timeouts.QueryWait);
        Assert.Equal(TlsMode.Disable, gateway.Tls.Mode);
        Assert.Equal(511, (int)gateway.Unix.Mode);
    }

    [Theory]
    [InlineData("\"tcp://127.0.0.1:6432\"")]
    [InlineData("[\"tcp://*:6432\", \"tcp://[::1]:6432\", \"unix:///run/broker\", \"unix:///run/broker:6433\"]")]
    public void It_may_listen_at_one_address_or_several(string listen) => Assert.NotEmpty(Parse($"listen = {listen}").Listen);

    [Theory]
    [InlineData("tcp://127.0.0.1")]
    [InlineData("tcp://127.0.0.1:0")]
    [InlineData("tcp://127.0.0.1:65536")]
    [InlineData("tcp://:6432")]
    [InlineData("tcp:///run/broker:6432")]
    [InlineData("tcp://::1")]
    [InlineData("unix://run/broker")]
    [InlineData("unix:///run/broker:x")]
    [InlineData("unix:///run broker")]
    [InlineData("127.0.0.1:6432")]
    [InlineData("http://127.0.0.1:6432")]
    [InlineData("tcp://a:1\", \"tcp://a:1")]
    [InlineData("unix:///run\", \"unix:///run:6432")]
    public void What_is_nowhere_to_listen_is_refused(string listen) => Refused($"listen = [\"{listen}\"]", "listen", "tcp://host:port");

    [Theory]
    [InlineData("tcp://127.0.0.1:6432", "127.0.0.1", 6432)]
    [InlineData("tcp://[::1]:5", "::1", 5)]
    [InlineData("tcp://*:5", "*", 5)]
    [InlineData("unix:///run/broker", "/run/broker", 6000)]
    [InlineData("unix:///run/broker:7", "/run/broker", 7)]
    public void Where_it_listens_is_a_host_or_a_folder_and_a_port(string text, string host, int port) =>
        Assert.Equal(new HostEndpoint(host, port), ListenAddress.TryParse(text, 6000));

    [Fact]
    public void A_socket_whose_name_the_system_cannot_hold_is_refused()
    {
        var longest = $"unix:///{new string('x', 107 - 1 - "/.s.PGSQL.6432".Length)}";
        Assert.Single(Parse($"listen = [\"{longest}\"]").Listen);
        Refused($"listen = [\"{longest}x\"]", "listen", "107 bytes");
    }

    [Fact]
    public void Each_rule_is_a_text_and_the_wrong_ones_are_named_by_their_place()
    {
        Assert.Equal(2, Parse("hba = [\"local all all peer\", \"host all all all md5\"]").Hba.Length);
        Refused("hba = [\"local all all peer\", \"host all all md5\"]", "hba", "line 2: the rule ends too soon");
        Refused("hba = [a, b, c, d, e]", "hba", "; and 2 more");
    }

    [Fact]
    public void The_files_of_rules_and_users_are_read_at_the_start()
    {
        Assert.NotNull(Parse($"hba-file = \"{Written("host all all all md5\n")}\", auth-file = \"{Written("; none\n\"a\" \"x\"\n")}\""));
        Refused($"hba-file = \"{Written("# rules\nhost all all md5\n")}\"", "hba-file", "line 2: the rule ends too soon");
        Refused($"auth-file = \"{Written("\"app\" \"hunter2\" x")}\"", "auth-file", "line 1: nothing but a comment");
        Refused($"auth-file = \"{_folder}/none\"", "auth-file", "no such file");
        Refused($"hba = [\"local all all peer\"], hba-file = \"{Written("local all all peer")}\"", "hba-file", "only one of");
    }

    [Fact]
    public void A_line_of_the_users_file_is_never_shown()
    {
        var failure = Assert.Throws<SettingsException>(() => Parse($"auth-file = \"{Written("\"app\" \"hunter2\" x")}\""));
        Assert.DoesNotContain("hunter2", failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_query_for_users_must_ask_for_one_user() => Refused("auth-query = \"SELECT 1\"", "auth-query", "$1");

    [Fact]
    public void A_certificate_can_be_asked_for_only_where_it_is_verified()
    {
        Refused("auth = cert", "auth", "verify-ca or verify-full");
        Refused("hba = [\"hostssl all all all cert\"]", "hba", "verify-ca or verify-full");
        var file = Written("x");
        Assert.Equal(
            TlsMode.VerifyCa,
            Parse($"auth = cert, tls {{ mode = verify-ca, certificate = \"{file}\", key = \"{file}\", ca = \"{file}\" }}").Tls.Mode);
    }

    [Fact]
    public void An_account_is_shown_by_Unix_sockets_only()
    {
        Refused("auth = peer, listen = [\"tcp://127.0.0.1:1\"]", "auth", "peer needs Unix sockets");
        Assert.Equal(AccessMethod.Peer, Parse("auth = peer").Auth);
    }

    [Fact]
    public void Encryption_needs_its_files()
    {
        var file = Written("x");
        Refused("tls.mode = prefer", "tls.certificate", "must be given");
        Refused($"tls {{ mode = prefer, certificate = \"{file}\" }}", "tls.key", "must be given");
        Refused($"tls {{ mode = verify-full, certificate = \"{file}\", key = \"{file}\" }}", "tls.ca", "must be given");
        Refused($"tls.ca = \"{_folder}/none\"", "tls.ca", "no such file");
        Assert.Equal(TlsMode.Require, Parse($"tls {{ mode = require, certificate = \"{file}\", key = \"{file}\" }}").Tls.Mode);
    }

    [Theory]
    [InlineData("0600", UnixFileMode.UserRead | UnixFileMode.UserWrite)]
    [InlineData("0000", UnixFileMode.None)]
    public void Permissions_are_octal(string text, UnixFileMode mode) => Assert.Equal(mode, Parse($"unix.mode = {text}").Unix.Mode);

    [Theory]
    [InlineData("777")]
    [InlineData("0888")]
    [InlineData("01777")]
    [InlineData("rwx")]
    public void What_are_no_permissions_is_refused(string text) =>
        Refused($"unix.mode = {text}", "unix.mode", "octal digits from 0000 to 0777");

    [Fact]
    public void The_most_specific_mode_holds()
    {
        var databases = BrokerSettings.Parse("""
            broker {
              servers.s { }
              gateway.mode = statement
              database-defaults.user = u
              databases {
                a { }
                b { mode = transaction, users { v { }
                    w { mode = session } } }
              }
            }
            """).Databases;
        Assert.Equal((PoolMode.Statement, PoolMode.Statement), (databases["a"].Mode, databases["a"].Users["u"].Mode));
        Assert.Equal((PoolMode.Transaction, PoolMode.Transaction), (databases["b"].Mode, databases["b"].Users["u"].Mode));
        Assert.Equal((PoolMode.Transaction, PoolMode.Session), (databases["b"].Users["v"].Mode, databases["b"].Users["w"].Mode));
    }

    [Fact]
    public void A_mode_that_does_not_exist_is_refused_where_it_stands()
    {
        const string Database = "broker.servers.s { }\nbroker.databases.d { user = u, mode = sesion }";
        var problem = Assert.Single(Assert.Throws<SettingsException>(() => BrokerSettings.Parse(Database)).Problems);
        Assert.Equal("broker.databases.d.mode", problem.Path);
        Assert.Contains("nearest is session", problem.Text, StringComparison.Ordinal);
        Refused("mode = pipeline", "mode", "one of session, transaction, statement");
        Refused("auth = scram", "auth", "scram-sha-256");
    }

    private static GatewaySettings Parse(string hocon) => BrokerSettings.Parse($"broker.gateway {{\n{hocon}\n}}").Gateway;

    private static void Refused(string hocon, string key, string text)
    {
        var failure = Assert.Throws<SettingsException>(() => Parse(hocon));
        var problem = Assert.Single(failure.Problems, problem => problem.Path == $"broker.gateway.{key}");
        Assert.Contains(text, problem.Text, StringComparison.Ordinal);
    }

    private string Written(string text)
    {
        var file = Path.Combine(_folder, Path.GetRandomFileName());
        File.WriteAllText(file, text);
        return file;
    }
}
