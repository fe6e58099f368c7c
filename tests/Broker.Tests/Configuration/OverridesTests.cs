using Broker.Configuration;
using Xunit;

namespace Broker.Tests.Configuration;

public sealed class OverridesTests
{
    private static readonly BrokerSettings Settings = BrokerSettings.Parse("""
        broker {
          servers.main { port = 5433, max-connections = 20 }
          servers.far { host = ["one:1", "two", "[::1]:3", "/run/pg"], tcp-keepalive.idle = off }
          databases {
            orders {
              server = main
              database = shop
              user = app
              settings { search_path = "a, b", "app.tenant" = 7 }
              pool { size = 7, shed.target = 10ms }
              errands.stream.chunk-rows = 9
              packing { reads = off, trust.functions = [public.f] }
              users.nightly { password = x, pool { overflow = 0, shed.interval = 1s } }
            }
            stock { server = far, user = app }
          }
          pool { size = 6, overflow = 1, shed { target = 20ms, interval = 3s } }
          database-defaults.weight = 4
          server-defaults.connect-timeout = 3s
        }
        """);

    [Fact]
    public void A_pools_settings_come_from_its_user_before_its_database_before_the_common_ones_before_the_defaults()
    {
        var nightly = Settings.Pool("orders", "nightly");
        Assert.Equal((7, 0, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(1)),
            (nightly.Size, nightly.Overflow, nightly.Shed.Target, nightly.Shed.Interval));
        var app = Settings.Pool("orders");
        Assert.Equal((7, 1, TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(3)),
            (app.Size, app.Overflow, app.Shed.Target, app.Shed.Interval));
        var stock = Settings.Pool("stock", "app");
        Assert.Equal((6, 1, TimeSpan.FromMilliseconds(20), TimeSpan.FromSeconds(3)),
            (stock.Size, stock.Overflow, stock.Shed.Target, stock.Shed.Interval));
        Assert.Equal(TimeSpan.FromSeconds(30), stock.AcquireTimeout);
    }

    [Fact]
    public void A_user_that_is_not_configured_has_the_settings_of_the_database() =>
        Assert.Equal(Settings.Pool("orders"), Settings.Pool("orders", "stranger"));

    [Fact]
    public void A_database_that_is_not_configured_is_not_found() =>
        Assert.Throws<KeyNotFoundException>(() => Settings.Pool("nowhere"));

    [Fact]
    public void A_database_overrides_errands_and_packing_key_by_key()
    {
        var orders = Settings.Databases["orders"];
        Assert.Equal((9, 65536), (orders.Errands.Stream.ChunkRows, orders.Errands.Stream.ChunkBytes));
        Assert.Equal((ReadPacking.Off, WritePacking.Group), (orders.Packing.Reads, orders.Packing.Writes));
        Assert.Equal<IEnumerable<string>>(["public.f"], orders.Packing.Trust.Functions);
        Assert.Equal(256, Settings.Databases["stock"].Errands.Stream.ChunkRows);
    }

    [Fact]
    public void A_database_is_called_on_its_server_as_its_section_unless_it_says_otherwise()
    {
        Assert.Equal("shop", Settings.Databases["orders"].Database);
        Assert.Equal("stock", Settings.Databases["stock"].Database);
        Assert.Equal(4, Settings.Databases["stock"].Weight);
        Assert.Equal("7", Settings.Databases["orders"].Settings["app.tenant"]);
    }

    [Fact]
    public void A_server_has_its_own_keys_over_the_common_ones()
    {
        var (main, far) = (Settings.Servers["main"], Settings.Servers["far"]);
        Assert.Equal((20, TimeSpan.FromSeconds(3), TlsMode.Prefer), (main.MaxConnections, main.ConnectTimeout, main.Tls));
        Assert.Equal<IEnumerable<HostEndpoint>>([new("127.0.0.1", 5433)], main.Hosts);
        Assert.Equal<IEnumerable<HostEndpoint>>([new("one", 1), new("two", 5432), new("::1", 3), new("/run/pg", 5432)], far.Hosts);
        Assert.True(far.Hosts[3].IsUnixSocket);
        Assert.Null(far.TcpKeepalive.Idle);
        Assert.Equal(TimeSpan.FromSeconds(10), far.TcpKeepalive.Interval);
    }

    [Fact]
    public void The_only_server_needs_no_naming() =>
        Assert.Equal("main", BrokerSettings.Parse("broker.servers.main { }\nbroker.databases.d { user = u }").Databases["d"].Server);

    [Fact]
    public void The_default_user_keeps_the_databases_password_when_its_section_gives_none()
    {
        var users = BrokerSettings.Parse("""
            broker.servers.main { }
            broker.databases.d { user = u, password = p, users { u { pool.size = 1 }
              v { password = q } } }
            """).Databases["d"].Users;
        Assert.Equal(("p", 1, "q"),
            (users["u"].Password.Current()!.Reveal(), users["u"].Pool.Size, users["v"].Password.Current()!.Reveal()));
    }

    [Theory]
    [InlineData("size = 3, overflow = 4", 7)]
    [InlineData("size = 0", null)]
    [InlineData("overflow = -1", null)]
    [InlineData("kind = static", 1)]
    [InlineData("kind = assertion, size = 0", 1)]
    public void A_pools_limit_is_size_and_overflow_unless_one_is_unlimited(string pool, int? limit) =>
        Assert.Equal(limit, PoolSettings.Parse(pool).Limit);
}
