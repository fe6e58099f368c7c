using System.Net;
using Broker.Configuration;
using Broker.Gateway.Access;
using Xunit;

namespace Broker.Tests.Gateway.Access;

public sealed class AccessRulesTests
{
    private static readonly TlsFacts Tls = new([]);

    [Theory]
    [InlineData("trust", AccessMethod.Trust)]
    [InlineData("reject", AccessMethod.Reject)]
    [InlineData("password", AccessMethod.Password)]
    [InlineData("md5", AccessMethod.Md5)]
    [InlineData("scram-sha-256", AccessMethod.ScramSha256)]
    public void A_method_is_written_as_PostgreSQL_does(string word, AccessMethod method) =>
        Assert.Equal(method, Good($"host all all all {word}").Find(Tcp())!.Method);

    [Fact]
    public void The_first_rule_that_is_for_a_client_decides()
    {
        var rules = Good("""
            # who is known

            host   shop  app         10.0.0.0/8  md5      # the shop
            host   all   app         10.0.0.0/8  reject
            host   all   all         all         password
            """);
        Assert.Equal(3, rules.Count);
        Assert.Equal(3, rules.Find(Tcp())!.Line);
        Assert.Equal(4, rules.Find(Tcp(database: "erp"))!.Line);
        Assert.Equal(5, rules.Find(Tcp("192.168.0.1"))!.Line);
        Assert.Null(rules.Find(Unix()));
    }

    [Fact]
    public void Without_a_rule_nobody_comes_in() => Assert.Null(Good("# none").Find(Tcp()));

    [Theory]
    [InlineData("local all all trust", true, false, false)]
    [InlineData("host all all all trust", false, true, true)]
    [InlineData("hostssl all all all trust", false, false, true)]
    [InlineData("hostnossl all all all trust", false, true, false)]
    public void A_rule_is_for_its_kind_of_connection(string rule, bool unix, bool plain, bool tls)
    {
        var rules = Good(rule);
        Assert.Equal(unix, rules.Find(Unix()) is not null);
        Assert.Equal(plain, rules.Find(Tcp()) is not null);
        Assert.Equal(tls, rules.Find(Tcp() with { Tls = Tls }) is not null);
    }

    [Theory]
    [InlineData("all", "all", true)]
    [InlineData("shop", "app", true)]
    [InlineData("erp,shop", "boss,app", true)]
    [InlineData("erp, shop", "boss,  app", true)]
    [InlineData("\"shop\"", "\"app\"", true)]
    [InlineData("sh\"op\"", "app", true)]
    [InlineData("\"all\"", "app", false)]
    [InlineData("shop", "\"all\"", false)]
    [InlineData("Shop", "app", false)]
    [InlineData("erp", "app", false)]
    [InlineData("shop", "boss", false)]
    [InlineData("sameuser", "app", false)]
    [InlineData("sameuser,shop", "app", true)]
    [InlineData("shop", "sameuser", false)]
    [InlineData("replication", "app", false)]
    public void Databases_and_users_are_lists_of_names_and_keywords(string databases, string users, bool found) =>
        Assert.Equal(found, Good($"host {databases} {users} all trust").Find(Tcp()) is not null);

    [Fact]
    public void The_database_that_is_called_as_the_user_is_sameuser()
    {
        Assert.NotNull(Good("local sameuser all trust").Find(Unix(user: "shop")));
        Assert.Null(Good("local \"sameuser\" all trust").Find(Unix(user: "shop")));
        Assert.NotNull(Good("local \"sameuser\" all trust").Find(new("app", "sameuser", null)));
    }

    [Theory]
    [InlineData("replication", true)]
    [InlineData("all", false)]
    [InlineData("shop", false)]
    [InlineData("all,replication", true)]
    [InlineData("\"replication\"", false)]
    public void Physical_replication_has_a_keyword_of_its_own(string databases, bool found) =>
        Assert.Equal(found, Good($"local {databases} all trust").Find(Unix() with { IsReplication = true }) is not null);

    [Fact]
    public void Names_may_hold_what_quotes_protect()
    {
        var rules = Good("local \"my db, the #1 of \"\"all\"\"\",\"+x\" \"@me\",\"/you\" trust");
        Assert.NotNull(rules.Find(new("@me", "my db, the #1 of \"all\"", null)));
        Assert.NotNull(rules.Find(new("/you", "+x", null)));
    }

    [Theory]
    [InlineData("10.0.0.0/8", "10.255.1.2", true)]
    [InlineData("10.0.0.0/8", "11.0.0.0", false)]
    [InlineData("10.1.2.3/8", "10.9.9.9", true)]
    [InlineData("10.1.2.128/25", "10.1.2.127", false)]
    [InlineData("10.1.2.128/25", "10.1.2.128", true)]
    [InlineData("10.1.2.3/32", "10.1.2.3", true)]
    [InlineData("10.1.2.3/32", "10.1.2.2", false)]
    [InlineData("0.0.0.0/0", "203.0.113.9", true)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::/0", "127.0.0.1", false)]
    [InlineData("::/0", "2001:db8::1", true)]
    [InlineData("::1/128", "::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:7fff::1", true)]
    [InlineData("2001:db8::/33", "2001:db8:8000::1", false)]
    [InlineData("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    [InlineData("::/0", "::ffff:10.1.2.3", false)]
    [InlineData("::ffff:10.0.0.0/104", "10.1.2.3", true)]
    [InlineData("::ffff:10.0.0.0/104", "11.1.2.3", false)]
    [InlineData("10.0.0.0 255.0.0.0", "10.1.2.3", true)]
    [InlineData("10.0.0.0 255.0.0.0", "11.1.2.3", false)]
    [InlineData("2001:db8:: ffff:ffff::", "2001:db8::9", true)]
    [InlineData("all", "::ffff:10.1.2.3", true)]
    [InlineData("fe80::/10", "fe80::1%3", true)]
    public void An_address_is_in_a_network_by_the_length_of_its_prefix(string network, string address, bool found) =>
        Assert.Equal(found, Good($"host all all {network} trust").Find(Tcp(address)) is not null);

    [Fact]
    public void The_addresses_of_this_machine_are_samehost()
    {
        var rules = Good("host all all samehost trust");
        Assert.NotNull(rules.Find(Tcp() with { IsFromSameHost = true }));
        Assert.Null(rules.Find(Tcp()));
    }

    [Theory]
    [InlineData("hosts all all all trust", "begins no rule; allowed is one of local, host, hostssl, hostnossl")]
    [InlineData("\"host\" all all all trust", "begins no rule")]
    [InlineData("host,local all all all trust", "begins no rule")]
    [InlineData("hostgssenc all all all trust", "GSSAPI")]
    [InlineData("include other.conf", "write the rules here")]
    [InlineData("local", "too soon; allowed is: local database user method")]
    [InlineData("local all all", "too soon")]
    [InlineData("host all all trust", "too soon; allowed is: host database user address method")]
    [InlineData("host all all 10.0.0.0 255.0.0.0", "too soon")]
    [InlineData("local all all trust map=x", "options such as map=x")]
    [InlineData("host all all all trust x", "options such as x")]
    [InlineData("local all +staff trust", "member of which role")]
    [InlineData("local samerole all trust", "member of which role")]
    [InlineData("local all @file trust", "other files")]
    [InlineData("local /^a all trust", "regular expressions")]
    [InlineData("local all \"\" trust", "empty name")]
    [InlineData("local all ,a trust", "before a comma")]
    [InlineData("local all a,,b trust", "before a comma")]
    [InlineData("local all all trust,", "behind a comma")]
    [InlineData("local all \"a trust", "never closed")]
    [InlineData("local all all ldap", "is no method; allowed is one of trust, reject, password, md5, scram-sha-256, cert, peer")]
    [InlineData("local all all \"trust\"", "is no method")]
    [InlineData("local all all trust,md5", "is no method")]
    [InlineData("host all all all cert", "needs hostssl")]
    [InlineData("hostnossl all all all cert", "needs hostssl")]
    [InlineData("local all all cert", "needs hostssl")]
    [InlineData("host all all all peer", "needs local")]
    [InlineData("host all all samenet trust", "name the network")]
    [InlineData("host all all db.example.com trust", "not looked up")]
    [InlineData("host all all 10/8 trust", "is no address")]
    [InlineData("host all all 0x0a.0.0.1/8 trust", "is no address")]
    [InlineData("host all all [::1]/128 trust", "is no address")]
    [InlineData("host all all 10.0.0.1 trust", "10.0.0.1/32 is this address alone")]
    [InlineData("host all all ::1 trust", "::1/128 is this address alone")]
    [InlineData("host all all 10.0.0.0/33 trust", "from 0 to 32")]
    [InlineData("host all all 10.0.0.0/-1 trust", "from 0 to 32")]
    [InlineData("host all all ::/129 trust", "from 0 to 128")]
    [InlineData("host all all 10.0.0.0/ trust", "from 0 to 32")]
    [InlineData("host all all 10.0.0.0 255.0.255.0 trust", "no mask")]
    [InlineData("host all all 10.0.0.0 ffff:: trust", "no mask")]
    [InlineData("host all all all,samehost trust", "several need a rule each")]
    [InlineData("host all all \"all\" trust", "not in quotes")]
    public void What_is_no_rule_is_named_with_its_line_and_the_reason(string line, string text)
    {
        var rules = AccessRules.Parse($"# first\nlocal all all trust\n{line}", out var problems);
        var problem = Assert.Single(problems);
        Assert.Equal((3, 1), (problem.Line, rules.Count));
        Assert.Contains(text, problem.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void One_method_for_everybody_is_for_those_who_can_have_it()
    {
        Assert.NotNull(AccessRules.Of(AccessMethod.ScramSha256).Find(Tcp()));
        Assert.NotNull(AccessRules.Of(AccessMethod.ScramSha256).Find(Unix()));
        Assert.Null(AccessRules.Of(AccessMethod.Peer).Find(Tcp()));
        Assert.NotNull(AccessRules.Of(AccessMethod.Peer).Find(Unix()));
        Assert.Null(AccessRules.Of(AccessMethod.Cert).Find(Tcp()));
        Assert.Null(AccessRules.Of(AccessMethod.Cert).Find(Unix()));
        Assert.NotNull(AccessRules.Of(AccessMethod.Cert).Find(Tcp() with { Tls = Tls }));
        Assert.Null(AccessRules.Of(AccessMethod.Trust).Find(Tcp() with { IsReplication = true }));
    }

    [Fact]
    public void Garbage_gives_problems_and_no_exception()
    {
        foreach (var random in Garbage.Seeds(5_000))
        {
            var garbage = Garbage.Text(random, 40);
            foreach (var text in new[] { garbage, $"host {garbage}", $"host all all {garbage} trust", $"local {garbage} trust" })
                Assert.NotNull(AccessRules.Parse(text, out _));
        }
    }

    private static LoginAttempt Tcp(string address = "10.1.2.3", string user = "app", string database = "shop") =>
        new(user, database, IPAddress.Parse(address));

    private static LoginAttempt Unix(string user = "app") => new(user, "shop", null);

    private static AccessRules Good(string text)
    {
        var rules = AccessRules.Parse(text, out var problems);
        Assert.Empty(problems);
        return rules;
    }
}
