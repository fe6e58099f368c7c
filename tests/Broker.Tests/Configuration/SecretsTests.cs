using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class SecretsTests
{
    private const string Hidden = "hunter2";

    [Fact]
    public void A_secret_prints_as_stars_and_reveals_itself_only_when_asked()
    {
        Assert.Equal("***", new Secret(Hidden).ToString());
        Assert.Equal(Hidden, new Secret(Hidden).Reveal());
        Assert.Equal(new Secret(Hidden), new Secret(Hidden));
        Assert.NotEqual(new Secret(Hidden), new Secret("other"));
    }

    [Theory]
    [InlineData("server = s, user = u, password = hunter2")]
    [InlineData("connection-string = \"Host=h;Database=d;Username=u;Password=hunter2\"")]
    public void No_record_prints_a_password(string database)
    {
        var settings = BrokerSettings.Parse($"broker.servers.s {{ }}\nbroker.databases.d {{ {database} }}");
        var own = settings.Databases["d"];
        Assert.Equal(Hidden, own.Password.Current()!.Reveal());
        Assert.All([$"{settings}", $"{own}", $"{own.Users["u"]}", $"{own.Password}", $"{settings.Servers["s"]}"],
            text => Assert.DoesNotContain(Hidden, text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("pasword = hunter2")]
    [InlineData("password = hunter2, password-file = \"/no/such\"")]
    [InlineData("password = [ hunter2 ]")]
    [InlineData("password { x = hunter2 }")]
    [InlineData("password = \"${hunter2}x hunter2\"")]
    [InlineData("connection-string = \"Host=h;Password=a;hunter2=b\"")]
    [InlineData("connection-string = \"Host=h;Password=hunter2;Port=x\"")]
    [InlineData("connection-string = \"Host=h;Password=hunter2;Maximum Pool Size=3\"")]
    [InlineData("connection-string = \"Password=hunter2\"")]
    [InlineData("connection-string = \"hunter2\"")]
    [InlineData("password = \"hunter2\n")]
    [InlineData("password = hunter2 }, x = 2")]
    [InlineData("user = u, password = hunter2, connection-string = \"Host=h;Username=u;Password=hunter2\"")]
    [InlineData("users.u = hunter2")]
    [InlineData("users.u.password = [ hunter2 ]")]
    public void No_refusal_prints_a_password_of_a_database(string database)
    {
        var failure =
            Assert.Throws<SettingsException>(() => BrokerSettings.Parse($"broker.servers.s {{ }}\nbroker.databases.d {{ {database} }}"));
        Assert.DoesNotContain(Hidden, failure.ToString().Replace("${hunter2}", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("broker.databases.d = \"Host=h;Password=hunter2\"")]
    [InlineData("broker.databases = \"Host=h;Password=hunter2\"")]
    [InlineData("broker.database-defaults = \"Host=h;Password=hunter2\"")]
    [InlineData("broker { password = hunter2")]
    [InlineData("broker.password = hunter2")]
    public void No_refusal_prints_a_password_in_the_wrong_place(string text) =>
        Assert.DoesNotContain(Hidden, Assert.Throws<SettingsException>(() => BrokerSettings.Parse(text)).ToString(),
            StringComparison.Ordinal);

    [Fact]
    public void A_password_by_variable_is_read_anew_each_time()
    {
        const string Name = "BROKER_TESTS_ROTATING";
        Environment.SetEnvironmentVariable(Name, "first");
        var password = BrokerSettings.Parse(
            $"broker.servers.s {{ }}\nbroker.databases.d {{ user = u, password-env = {Name} }}").Databases["d"].Password;
        Assert.Equal("first", password.Current()!.Reveal());
        Environment.SetEnvironmentVariable(Name, "second");
        Assert.Equal("second", password.Current()!.Reveal());
        Assert.Contains(Name, $"{password}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_password_by_file_is_its_first_line_read_anew_each_time()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "first\nnot this\n");
            var password = BrokerSettings.Parse(
                $"broker.servers.s {{ }}\nbroker.databases.d {{ user = u, password-file = \"{file}\" }}").Databases["d"].Password;
            Assert.Equal("first", password.Current()!.Reveal());
            File.WriteAllText(file, "second\r\n");
            Assert.Equal("second", password.Current()!.Reveal());
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Without_any_password_there_is_none() =>
        Assert.Null(BrokerSettings.Parse("broker.servers.s { }\nbroker.databases.d { user = u }").Databases["d"].Password.Current());
}
