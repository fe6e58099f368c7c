using System.Data;
using Broker.Client.Ado;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Ado;

public sealed class BrokerParameterTests
{
    private static Parameter? Sent(BrokerParameter parameter) => parameter.ToSent(1).Value;

    private static T Sent<T>(object? value, DbType? type = null) where T : notnull
    {
        var parameter = new BrokerParameter("p", value);
        if (type is { } given)
            parameter.DbType = given;
        return Assert.IsType<Parameter<T>>(Sent(parameter)).Value;
    }

    [Fact]
    public void A_value_is_sent_as_what_it_is()
    {
        Assert.Equal(5, Sent<int>(5));
        Assert.Equal("x", Sent<string>("x"));
        Assert.Equal((short)7, Sent<short>((byte)7));
        Assert.Equal([1, 2], Sent<int[]>(new List<int> { 1, 2 }));
        Assert.Equal(DateTimeKind.Utc, Sent<DateTime>(DateTime.UnixEpoch).Kind);
    }

    [Fact]
    public void A_local_time_is_sent_as_what_its_clock_shows() =>
        Assert.Equal((DateTimeKind.Unspecified, new DateTime(2020, 1, 2)),
            (Sent<DateTime>(new DateTime(2020, 1, 2, 0, 0, 0, DateTimeKind.Local)).Kind,
                Sent<DateTime>(new DateTime(2020, 1, 2, 0, 0, 0, DateTimeKind.Local))));

    [Fact]
    public void A_type_that_is_given_is_what_is_sent()
    {
        Assert.Equal(5L, Sent<long>(5, DbType.Int64));
        Assert.Equal((short)5, Sent<short>(5L, DbType.Int16));
        Assert.Equal(5m, Sent<decimal>(5, DbType.Decimal));
        Assert.Equal(new DateOnly(2020, 1, 2), Sent<DateOnly>(new DateTime(2020, 1, 2, 3, 4, 5), DbType.Date));
        Assert.Equal(new TimeOnly(3, 4), Sent<TimeOnly>(new TimeSpan(3, 4, 0), DbType.Time));
        Assert.Equal(5, Sent<int>(5, DbType.Object));
    }

    [Theory]
    [InlineData(DbType.Int16, 40_000)]
    [InlineData(DbType.Int32, "5")]
    [InlineData(DbType.String, 5)]
    [InlineData(DbType.Guid, "x")]
    public void A_value_that_is_none_of_its_type_is_refused(DbType type, object value)
    {
        var refused = Assert.Throws<BrokerException>(() => Sent(new BrokerParameter("p", type) { Value = value }));
        Assert.IsType<ParameterRefused>(refused.Failure);
    }

    [Fact]
    public void The_kind_of_a_time_must_be_that_of_its_type()
    {
        var (utc, local) = (DateTime.UnixEpoch, new DateTime(2020, 1, 2));
        Assert.Throws<BrokerException>(() => Sent(new BrokerParameter("p", DbType.DateTime) { Value = local }));
        Assert.Throws<BrokerException>(() => Sent(new BrokerParameter("p", DbType.DateTime2) { Value = utc }));
        Assert.Equal(local, Sent<DateTime>(local, DbType.DateTime2));
    }

    [Fact]
    public void A_null_is_of_the_type_that_is_known_of_it()
    {
        Assert.Null(Sent(new BrokerParameter("p", null)));
        Assert.Null(Sent(new BrokerParameter("p", DBNull.Value)));
        Assert.Same(Parameter.Null<int>(), Sent(new BrokerParameter("p", DbType.Int32) { Value = DBNull.Value }));
        Assert.Same(Parameter.Null<string>(), Sent(new BrokerParameter<string>("p", null)));
        Assert.Same(Parameter.Null<int>(), Sent(new BrokerParameter<int?>("p", null)));
        Assert.Same(Parameter.Null<int[]>(), Sent(new BrokerParameter<int[]>("p", null)));
    }

    [Fact]
    public void A_size_cuts_strings_and_bytes()
    {
        Assert.Equal("ab", Assert.IsType<Parameter<string>>(Sent(new BrokerParameter("p", "abc") { Size = 2 })).Value);
        Assert.Equal("ab", Assert.IsType<Parameter<string>>(Sent(new BrokerParameter<string>("p", "abc") { Size = 2 })).Value);
        Assert.Equal([1, 2], Assert.IsType<Parameter<byte[]>>(Sent(new BrokerParameter("p", new byte[] { 1, 2, 3 }) { Size = 2 })).Value);
        Assert.Equal("abc", Assert.IsType<Parameter<string>>(Sent(new BrokerParameter("p", "abc") { Size = -1 })).Value);
    }

    [Fact]
    public void Only_what_goes_to_the_server_is_a_parameter()
    {
        Assert.Throws<NotSupportedException>(() => new BrokerParameter { Direction = ParameterDirection.Output });
        Assert.Throws<NotSupportedException>(() => new BrokerParameter { DbType = DbType.UInt32 });
    }
}
