using System.Collections.Immutable;
using Akka.Configuration;
using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class BadSettingsTests
{
    [Theory]
    [InlineData("broker.pool.size = many", "broker.pool.size", "many", "a whole number from 0 to 10000")]
    [InlineData("broker.pool.size = 3.5", "broker.pool.size", "3.5", "a whole number from 0 to 10000")]
    [InlineData("broker.pool.acquire-timeout = 30", "broker.pool.acquire-timeout", "30", "a time with its unit")]
    [InlineData("broker.pool.acquire-timeout = off", "broker.pool.acquire-timeout", "off", "a time with its unit")]
    [InlineData("broker.pool.acquire-timeout = infinite", "broker.pool.acquire-timeout", "infinite", "from 0s to 1h")]
    [InlineData("broker.pool.max-lease = never", "broker.pool.max-lease", "never", "or off")]
    [InlineData("broker.pool.ping = maybe", "broker.pool.ping", "maybe", "on or off")]
    [InlineData("broker.pool.order = lief", "broker.pool.order", "lief", "one of fifo, lifo; nearest is lifo")]
    [InlineData("broker.pool.reset = discardall", "broker.pool.reset", "discardall", "nearest is discard-all")]
    [InlineData("broker.pool.recycle-jitter = half", "broker.pool.recycle-jitter", "half", "a number from 0 to 0.5")]
    [InlineData("broker.pool.size = [1, 2]", "broker.pool.size", "[1, 2]", "a whole number")]
    [InlineData("broker.pool.size = null", "broker.pool.size", "\"\"", "a whole number")]
    [InlineData("broker.pool.min-idle = 6", "broker.pool.min-idle", "6", "not above size (5)")]
    [InlineData("broker.pool.reconnect.max-backoff = 50ms", "broker.pool.reconnect.max-backoff", "50ms", "not below min-backoff")]
    [InlineData("broker.packing.trip-limit = 10ms\nbroker.packing.target = 20ms", "broker.packing.trip-limit", "10ms", "above target")]
    [InlineData("broker.packing.width = wide", "broker.packing.width", "wide", "or auto")]
    [InlineData("broker.packing.trust.tables { a = 1 }", "broker.packing.trust.tables", null, "a list of texts")]
    [InlineData("broker.errands.reply-limit = 64", "broker.errands.reply-limit", "64", "a size with its unit")]
    [InlineData("broker.errands.ledger.table = \"\"", "broker.errands.ledger.table", "\"\"", "or off")]
    [InlineData("broker.servers.main { max-connections = 2 }", "broker.server-defaults.reserve", "2", "below max-connections (2)")]
    [InlineData("broker.servers.main { host = \"a b\" }", "broker.servers.main.host", "a b", "the folder of a Unix socket")]
    [InlineData("broker.servers.main { host = [] }", "broker.servers.main.host", "\"\"", "or a list of them")]
    [InlineData("broker.servers.main { host = \"db:99999\" }", "broker.servers.main.host", "db:99999", "allowed is a host")]
    [InlineData("broker.servers.main { root-certificate = \"/no/such/file\" }", "broker.servers.main.root-certificate", "/no/such/file",
        "no such file")]
    [InlineData("broker.pool = 5", "broker.pool", "5", "a section is expected")]
    [InlineData("broker = 5", "broker", "5", "a section is expected")]
    [InlineData("broker.servers.main = here", "broker.servers.main", null, "a section is expected")]
    [InlineData("broker.pool.shed = 50ms", "broker.pool.shed", "50ms", "a section is expected")]
    public void A_wrong_value_is_told_with_its_path_its_value_and_what_is_allowed(string text, string path, string? value, string allowed)
    {
        var problem = Assert.Single(Problems(text), problem => problem.Path == path);
        Assert.Equal(value, problem.Value);
        Assert.Contains(allowed, problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("user = app, server = mian", "server", "no such server under broker.servers; known are main, other, nearest is main")]
    [InlineData("user = app", "server", "a server must be named: known are main, other")]
    [InlineData("server = main", "user", "a user must be given")]
    [InlineData("server = main, user = app, weight = 0", "weight", "from 1 to 100")]
    [InlineData("server = main, user = app, password-env = BROKER_TESTS_NO_SUCH", "password-env", "no such environment variable")]
    [InlineData("server = main, user = app, password-file = \"/no/such\"", "password-file", "no such file")]
    [InlineData("server = main, user = app, password = a, password-file = \"/no/such\"", "password", "only one of")]
    [InlineData("server = main, user = app, pool = 5", "pool", "a section is expected")]
    [InlineData("server = main, user = app, users = bob", "users", "a section is expected")]
    [InlineData("server = main, user = app, users.bob = 1", "users.bob", "a section is expected")]
    [InlineData("server = main, user = app, users.bob.pool.size = -1", "users.bob.pool.size", "from 0 to 10000")]
    [InlineData("server = main, user = app, settings.a.b = 1", "settings.a", "allowed is a text")]
    [InlineData("server = main, user = app, errands.settle = 2", "errands.settle", "on or off")]
    [InlineData("server = main, user = app, packing.reads = barrier", "packing.reads", "one of off, group")]
    public void A_wrong_value_of_a_database_is_told_with_its_path(string text, string key, string allowed)
    {
        var problems = Problems($"broker.servers.main {{ }}\nbroker.servers.other {{ }}\nbroker.databases.orders {{ {text} }}");
        var problem = Assert.Single(problems, problem => problem.Path.EndsWith($"{(key is "server" && !text.Contains("mian", StringComparison.Ordinal) || key is "user" ? "broker.database-defaults" : "broker.databases.orders")}.{key}", StringComparison.Ordinal));
        Assert.Contains(allowed, problem.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("broker.pool.aquire-timeout = 3s", "broker.pool.aquire-timeout", "nearest is acquire-timeout")]
    [InlineData("broker.pool.acquireTimeout = 3s", "broker.pool.acquireTimeout", "nearest is acquire-timeout")]
    [InlineData("broker.pool.min_idle = 3", "broker.pool.min_idle", "nearest is min-idle")]
    [InlineData("broker.pools.size = 3", "broker.pools", "nearest is pool")]
    [InlineData("broker.acquire-timeout = 3s", "broker.acquire-timeout", "acquire-timeout belongs to broker.pool")]
    [InlineData("broker.pool.trip-limit = 3s", "broker.pool.trip-limit", "trip-limit belongs to broker.packing")]
    [InlineData("broker.shutdown.manner = fast", "broker.shutdown.manner", "known here are close-timeout, drain-timeout")]
    [InlineData("broker.pool.shed.intervall = 3s", "broker.pool.shed.intervall", "nearest is interval")]
    [InlineData("broker.servers.main.max-connection = 3", "broker.servers.main.max-connection", "nearest is max-connections")]
    [InlineData("broker.servers.main.tcp-keepalive.idel = 3s", "broker.servers.main.tcp-keepalive.idel", "nearest is idle")]
    [InlineData("broker.databases.d.usr = 3", "broker.databases.d.usr", "nearest is user")]
    [InlineData("broker.databases.d.pool.seize = 3", "broker.databases.d.pool.seize", "nearest is size")]
    [InlineData("broker.databases.d.users.u.pol.size = 3", "broker.databases.d.users.u.pol", "nearest is pool")]
    public void An_unknown_key_is_told_with_the_nearest_known_one(string text, string path, string nearest)
    {
        var problem = Assert.Single(Problems(text), problem => problem.Path == path);
        Assert.Contains(nearest, problem.Text, StringComparison.Ordinal);
        Assert.Null(problem.Value);
    }

    [Fact]
    public void All_problems_are_told_at_once_and_each_once_however_many_databases_inherit_it()
    {
        var text = """
            broker.servers.main { }
            broker.databases.a { user = app }
            broker.databases.b { user = app }
            broker.pool.size = -5
            broker.pool.sise = 5
            broker.log.slow-acquire = soon
            """;
        Assert.Equal(
            ["broker.log.slow-acquire", "broker.pool.sise", "broker.pool.size"],
            Problems(text).Select(problem => problem.Path).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_problem_says_in_which_file_and_line_it_was_written()
    {
        var failure = Assert.Throws<SettingsException>(() =>
            BrokerSettings.Parse("broker {\n  pool {\n    # so many\n    size = -5\n  }\n}", "orders.conf"));
        Assert.Contains("broker.pool.size = -5 (orders.conf, line 4): allowed is", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_default_that_collides_with_a_setting_is_told_with_its_line_in_the_reference()
    {
        var problem = Assert.Single(Problems("broker.packing.target = 300ms"));
        Assert.Equal("broker.packing.trip-limit", problem.Path);
        Assert.StartsWith("reference.conf, line ", problem.Origin, StringComparison.Ordinal);
    }

    [Fact]
    public void A_configuration_without_its_text_is_called_the_applications_also_with_the_defaults_as_its_fallback()
    {
        var config = ConfigurationFactory.ParseString("broker.pool.size = -5\nbroker.packing.target = 300ms")
            .WithFallback(BrokerSettings.Reference);
        var problems = Assert.Throws<SettingsException>(() => BrokerSettings.From(config)).Problems;
        Assert.Equal("application configuration", Assert.Single(problems, problem => problem.Path == "broker.pool.size").Origin);
        Assert.StartsWith("reference.conf", Assert.Single(problems, problem => problem.Path == "broker.packing.trip-limit").Origin,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_outside_of_broker_are_nobodys_business() =>
        Assert.NotNull(BrokerSettings.Parse("akka.loglevel = INFO\nmy.own.key = 3"));

    private static ImmutableArray<SettingsProblem> Problems(string text) =>
        Assert.Throws<SettingsException>(() => BrokerSettings.Parse(text)).Problems;
}
