using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class ConnectionStringTests
{
    [Fact]
    public void The_short_form_says_where_and_who()
    {
        var settings = Read("Host=db1,db2:6000;Port=5999;Database=shop;Username=app;Password=p;SSL Mode=Require;Application Name=x;Search Path=a;Target Session Attributes=read-write");
        var database = settings.Databases["d"];
        Assert.Equal(("shop", "app", "x", "a"),
            (database.Database, database.User, database.ApplicationName, database.Settings["search_path"]));
        var server = settings.Servers[database.Server];
        Assert.Equal<IEnumerable<HostEndpoint>>([new("db1", 5999), new("db2", 6000)], server.Hosts);
        Assert.Equal((TlsMode.Require, TargetSessionAttributes.ReadWrite, "db1:5999"),
            (server.Tls, server.TargetSessionAttrs, server.Name));
        Assert.Equal(80, server.MaxConnections);
    }

    [Fact]
    public void Databases_with_the_same_hosts_share_one_server()
    {
        var settings = BrokerSettings.Parse("""
            broker.servers.main { host = db, max-connections = 7 }
            broker.databases.a.connection-string = "Host=db;Username=u"
            broker.databases.b.connection-string = "Server=db;User Id=u;Port=5432"
            broker.databases.c.connection-string = "Host=other;Username=u"
            broker.databases.d.connection-string = "Host=other;Username=v"
            """);
        Assert.Equal(["main", "other:5432"], settings.Servers.Keys);
        Assert.Equal(["main", "main", "other:5432", "other:5432"], settings.Databases.Values.Select(database => database.Server));
    }

    [Fact]
    public void The_password_may_stand_beside_it()
    {
        var settings = BrokerSettings.Parse("broker.databases.d { connection-string = \"Host=db;Username=u\", password = p }");
        Assert.Equal("p", settings.Databases["d"].Password.Current()!.Reveal());
    }

    [Theory]
    [InlineData("Host=db;Username=u;Maximum Pool Size=5", "Maximum Pool Size: not taken from a connection string")]
    [InlineData("Host=db;Username=u;Pooling=false", "Pooling: not taken")]
    [InlineData("Host=db;Username=u;NoSuchWord=5", "not a valid Npgsql connection string")]
    [InlineData("Username=u", "a Host is needed")]
    [InlineData("Host=db", "a user must be given")]
    public void What_it_cannot_say_is_refused(string text, string told) =>
        Assert.Contains(told, Assert.Throws<SettingsException>(() => Read(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("server = main")]
    [InlineData("database = x")]
    [InlineData("user = x")]
    public void Beside_it_nothing_may_say_the_same(string key)
    {
        var text = $"broker.servers.main {{ }}\nbroker.databases.d {{ connection-string = \"Host=db;Username=u\", {key} }}";
        Assert.Contains("exclude each other", Assert.Throws<SettingsException>(() => BrokerSettings.Parse(text)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void It_may_not_weaken_a_server_that_is_configured()
    {
        var text = "broker.servers.main { host = db, tls = verify-full }\nbroker.databases.d.connection-string = \"Host=db;Username=u;SSL Mode=Disable\"";
        Assert.Contains("differs from server main", Assert.Throws<SettingsException>(() => BrokerSettings.Parse(text)).Message,
            StringComparison.Ordinal);
    }

    private static BrokerSettings Read(string text) => BrokerSettings.Parse($"broker.databases.d.connection-string = \"{text}\"");
}
