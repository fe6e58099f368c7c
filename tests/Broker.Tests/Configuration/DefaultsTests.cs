using System.Collections.Immutable;
using System.Reflection;
using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class DefaultsTests
{
    // the keys whose property has another name, and why
    private static readonly Dictionary<string, string> Renamed = new(StringComparer.Ordinal)
    {
        ["host"] = nameof(ServerSettings.Hosts), // a list of hosts, each with
        ["port"] = nameof(ServerSettings.Hosts), // its port
        ["password-env"] = nameof(DatabaseSettings.Password), // three sources of one password
        ["password-file"] = nameof(DatabaseSettings.Password),
        ["connection-string"] = nameof(DatabaseSettings.Server), // another way to write server, database, user
    };

    // properties that are no keys: names, the sections below and what is computed
    private static readonly ImmutableHashSet<string> NoKeys =
        ["Name", "Limit", "Pool", "Errands", "Packing", "Users", "EqualityContract", "Reference"];

    private static readonly ImmutableArray<(string Section, Type Record)> Sections =
    [
        ("broker.server-defaults", typeof(ServerSettings)),
        ("broker.server-defaults.tcp-keepalive", typeof(TcpKeepaliveSettings)),
        ("broker.database-defaults", typeof(DatabaseSettings)),
        ("broker.pool", typeof(PoolSettings)),
        ("broker.pool.shed", typeof(ShedSettings)),
        ("broker.pool.reconnect", typeof(ReconnectSettings)),
        ("broker.errands", typeof(ErrandSettings)),
        ("broker.errands.stream", typeof(StreamSettings)),
        ("broker.errands.ledger", typeof(LedgerSettings)),
        ("broker.packing", typeof(PackingSettings)),
        ("broker.packing.trust", typeof(TrustSettings)),
        ("broker.sessions", typeof(SessionSettings)),
        ("broker.gateway", typeof(GatewaySettings)),
        ("broker.gateway.timeouts", typeof(GatewayTimeoutSettings)),
        ("broker.gateway.buffer", typeof(GatewayBufferSettings)),
        ("broker.gateway.unix", typeof(GatewayUnixSettings)),
        ("broker.gateway.tls", typeof(GatewayTlsSettings)),
        ("broker.door", typeof(DoorSettings)),
        ("broker.door.tls", typeof(DoorTlsSettings)),
        ("broker.shutdown", typeof(ShutdownSettings)),
        ("broker.log", typeof(LogSettings)),
        ("broker.diagnostics", typeof(DiagnosticsSettings)),
    ];

    [Fact]
    public void The_defaults_alone_load()
    {
        var settings = BrokerSettings.From(BrokerSettings.Reference);
        Assert.Empty(settings.Servers);
        Assert.Empty(settings.Databases);
        Assert.Equal(5, settings.PoolDefaults.Size);
        Assert.Equal(10, settings.PoolDefaults.Overflow);
        Assert.Equal(TimeSpan.FromSeconds(30), settings.PoolDefaults.AcquireTimeout);
        Assert.Equal(TimeSpan.FromMilliseconds(3), settings.PackingDefaults.Target);
        Assert.Equal(65536, settings.ErrandDefaults.ReplyLimit);
        Assert.Null(settings.PackingDefaults.Width);
        Assert.Null(settings.PoolDefaults.MaxLease);
    }

    [Fact]
    public void Each_value_of_the_reference_has_one_property_and_each_property_a_value()
    {
        var properties = Sections.SelectMany(section => Properties(section.Record).Select(name => $"{section.Section}/{name}")).ToHashSet();
        var leaves = ReferenceConfiguration.Leaves.Where(leaf => leaf is not ("broker.servers" or "broker.databases")).ToList();
        var named = leaves.Select(leaf => $"{leaf[..leaf.LastIndexOf('.')]}/{PropertyName(leaf[(leaf.LastIndexOf('.') + 1)..])}").ToList();

        Assert.Empty(named.Except(properties));
        Assert.Empty(properties.Except(named));
        var shared = named.GroupBy(name => name).Where(group => group.Count() > 1)
            .Select(group => group.Key[(group.Key.LastIndexOf('/') + 1)..]);
        Assert.Equal(["Hosts", "Password", "Server"], shared.Order());
    }

    [Fact]
    public void Each_value_of_the_reference_is_read()
    {
        foreach (var leaf in ReferenceConfiguration.LeavesOf(ReferenceConfiguration.Tree).Where(leaf => leaf is SettingsNode.Value))
        {
            // a section is refused by whoever reads the key, and noticed by nobody else
            var text = $"broker.servers.s {{ }}\nbroker.databases.d {{ }}\nbroker.database-defaults.user = u\n{leaf.Path} {{ x = 1 }}";
            var failure = Record.Exception(() => BrokerSettings.Parse(text)) as SettingsException;
            Assert.True(failure?.Problems.Any(problem => problem.Path == leaf.Path), $"{leaf.Path}: {failure?.Message ?? "not read"}");
        }
    }

    [Fact]
    public void Every_key_of_the_reference_has_a_comment()
    {
        var lines = ReferenceConfiguration.Text.Split('\n');
        foreach (var leaf in ReferenceConfiguration.Leaves)
        {
            var above = lines[ReferenceConfiguration.Shape.Lines[leaf] - 2].Trim();
            Assert.True(above.StartsWith('#') || Grouped.Contains(leaf), $"{leaf} has no comment: {above}");
        }
    }

    // keys that share the comment of the key above them
    private static readonly ImmutableHashSet<string> Grouped =
        ["broker.gateway.tls.key", "broker.door.tls.key", "broker.server-defaults.client-key", "broker.database-defaults.password-env",
            "broker.database-defaults.password-file"];

    private static IEnumerable<string> Properties(Type record) =>
        record.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => !NoKeys.Contains(property.Name) && !Sections.Any(section => section.Record == property.PropertyType))
            .Select(property => property.Name);

    private static string PropertyName(string key) =>
        Renamed.TryGetValue(key, out var name) ? name
            : string.Concat(key.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
