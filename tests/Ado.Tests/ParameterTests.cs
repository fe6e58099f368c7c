using System.Data;
using System.Data.Common;
using System.Text.Json;
using Broker.Ado.Tests.Comparing;
using Broker.Client;
using Broker.Client.Ado;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Ado.Tests;

public sealed class ParameterTests
{
    private static readonly Guid Id = new("6f9619ff-8b86-d011-b42d-00cf4fc964ff");

    private static readonly Dictionary<string, object> Samples = new()
    {
        ["bool"] = true, ["byte"] = (byte)5, ["sbyte"] = (sbyte)-5, ["short"] = (short)5, ["int"] = 5, ["long"] = 5L, ["float"] = 1.5f,
        ["double"] = 1.5, ["decimal"] = 1.50m,
        ["string"] = "text", ["empty"] = "", ["char"] = 'c', ["char[]"] = "abc".ToCharArray(), ["Guid"] = Id,
        ["byte[]"] = new byte[] { 1, 2 }, ["DateOnly"] = new DateOnly(2020, 2, 29),
        ["TimeOnly"] = new TimeOnly(12, 34, 56), ["TimeSpan"] = new TimeSpan(3, 4, 5, 6),
        ["utc"] = new DateTime(2020, 2, 29, 12, 0, 0, DateTimeKind.Utc),
        ["unspecified"] = new DateTime(2020, 2, 29, 12, 0, 0), ["local"] = new DateTime(2020, 2, 29, 12, 0, 0, DateTimeKind.Local),
        ["offset"] = new DateTimeOffset(2020, 2, 29, 12, 0, 0, TimeSpan.Zero), ["int[]"] = new[] { 1, 2 },
        ["int?[]"] = new int?[] { 1, null }, ["string[]"] = new[] { "a", null },
        ["List<int>"] = new List<int> { 1, 2 }, ["long[]"] = new[] { 1L }, ["Guid[]"] = new[] { Id }, ["bool[]"] = new[] { true },
        ["decimal[]"] = new[] { 1.5m },
        ["DateTime[]"] = new[] { DateTime.UnixEpoch }, ["JsonDocument"] = JsonDocument.Parse("{\"a\": 1}"),
    };

    public static TheoryData<string> Kinds { get; } = [.. Samples.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public Task A_value_arrives_as_the_same_type(string kind) => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        foreach (var (text, name)
            in new[] { ("select @p::text, pg_typeof(@p)::text", "p"), ("select :p::text, pg_typeof(:p)::text",
                "@p"), ("select $1::text, pg_typeof($1)::text", "") })
        {
            await using var command = connection.Command(text, (name, Samples[kind]));
            seen.Add(command.Parameters[0].DbType);
            await using var reader = await command.ExecuteReaderAsync();
            await reader.ReadAsync();
            seen.Add((reader.GetValue(0), reader.GetValue(1)));
        }
    });

    public static TheoryData<DbType> Types { get; } = [.. Enum.GetValues<DbType>().Except([DbType.SByte, DbType.Object])];

    [Theory]
    [MemberData(nameof(Types))]
    public Task A_null_is_of_the_type_that_is_given(DbType type) => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
        await seen.TryAsync("null", async () =>
        {
            await using var command = connection.Command("select pg_typeof(@p)::text");
            command.With("p", DBNull.Value, type);
            return await command.ExecuteScalarAsync();
        }));

    [Theory]
    [InlineData(DbType.Int64, "int")]
    [InlineData(DbType.Int16, "int")]
    [InlineData(DbType.Int32, "long")]
    [InlineData(DbType.Decimal, "int")]
    [InlineData(DbType.Double, "float")]
    [InlineData(DbType.Byte, "byte")]
    [InlineData(DbType.Date, "unspecified")]
    [InlineData(DbType.Date, "DateOnly")]
    [InlineData(DbType.Time, "TimeOnly")]
    [InlineData(DbType.DateTime, "utc")]
    [InlineData(DbType.DateTime2, "unspecified")]
    [InlineData(DbType.DateTime2, "local")]
    [InlineData(DbType.DateTimeOffset, "utc")]
    [InlineData(DbType.DateTimeOffset, "offset")]
    [InlineData(DbType.DateTime, "offset")]
    [InlineData(DbType.String, "char")]
    [InlineData(DbType.AnsiString, "string")]
    [InlineData(DbType.Object, "int")]
    [InlineData(DbType.Object, "int[]")]
    [InlineData(DbType.Currency, "decimal")]
    [InlineData(DbType.Guid, "Guid")]
    [InlineData(DbType.Binary, "byte[]")]
    public Task A_type_that_is_given_is_what_is_sent(DbType type, string kind) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command("select @p, pg_typeof(@p)::text");
        command.With("p", Samples[kind], type);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        seen.Add((reader.GetValue(0), reader.GetValue(1)));
    });

    [Theory]
    [InlineData("insert into pets (id, owner, kind) values (@id, @p, 'fish') returning owner")]
    [InlineData("select coalesce(@p, 5)")]
    [InlineData("select count(*) from people where id <= 3 and (@p::text is null or name = @p)")]
    [InlineData("select id from people where name = @p")]
    [InlineData("update people set born = @p where id = 3")]
    [InlineData("select @p")]
    [InlineData("select id from people order by id limit @p")]
    [InlineData("select '{1}'::int[] = @p")]
    public Task A_null_of_no_type_is_of_the_type_that_is_needed(string text) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await connection.RunAsync("delete from pets where id = 77");
        await using var command = connection.Command(text, ("p", DBNull.Value), ("id", 77));
        await seen.TryAsync("scalar", async () => await command.ExecuteScalarAsync());
    });

    [Fact]
    public Task Differs_a_null_of_no_type_may_stand_where_no_type_is_needed() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await using var command = connection.Command("select @p is null", ("p", DBNull.Value));
            await seen.TryAsync("asked", async () => await command.ExecuteScalarAsync());
        }, ["asked: SQLSTATE 42P18"], ["asked: Boolean True"]);

    [Fact]
    public Task Differs_a_number_that_no_parameter_has_is_refused_in_other_words() => Compare.DiffersAsync(
        async (connection, seen) => await seen.TryAsync("refused", async () => await connection.ScalarAsync("select $1", ("p", 1))),
        ["refused: SQLSTATE 08P01"], ["refused: SQLSTATE 22023"]);

    [Fact]
    public Task Differs_a_small_signed_number_has_a_type() => Compare.DiffersAsync(
        async (connection, seen) => await seen.TryAsync("sent", async () =>
        {
            await using var command = connection.Command("select @p");
            command.With("p", (sbyte)-5, DbType.SByte);
            return await command.ExecuteScalarAsync();
        }), ["sent: NotSupportedException"], ["sent: Int16 -5"]);

    [Fact]
    public Task Differs_a_moment_with_an_offset_is_sent_as_the_same_instant() => Compare.DiffersAsync(
        async (connection, seen) => await seen.TryAsync("sent", async () =>
            await connection.ScalarAsync("select @p", ("p", new DateTimeOffset(2020, 1, 1, 12, 0, 0, TimeSpan.FromHours(2))))),
        ["sent: ArgumentException"], ["sent: 2020-01-01T10:00:00.0000000Z Utc"]);

    [Fact]
    public async Task Differs_a_type_that_the_protocol_has_not_is_refused()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand("select @p::inet");
        command.Parameters.AddWithValue("p", System.Net.IPAddress.Loopback);
        Assert.IsType<ParameterRefused>((await Assert.ThrowsAsync<BrokerException>(() => command.ExecuteScalarAsync())).Failure);
        command.Parameters[0].Value = "127.0.0.1";
        Assert.Equal(System.Net.IPAddress.Loopback, await command.ExecuteScalarAsync());
    }

    [Fact]
    public Task Names_are_found_wherever_they_stand() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command(
            """
            select @a::int+:b, E'\'@a', '@a', $x$ @a $x$, "a" /* @a */ -- @a
            , (array[1, 2, 3])[1:2], @A, x @> y, @nobody from (select 7 as a, 1 as nobody, array[1] as x, array[1] as y) t
            """, ("a", 1), ("b", 2), ("unused", 3));
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var values = new object[reader.FieldCount];
        reader.GetValues(values);
        seen.Add(values);
    });

    [Theory]
    [InlineData("select @nobody")]
    [InlineData("select :nobody")]
    [InlineData("select '")]
    [InlineData("select @@p")]
    public Task What_is_no_parameter_is_the_servers_to_refuse(string text) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
        await seen.TryAsync("refused", async () => await connection.ScalarAsync(text, ("p", 1))));

    [Fact]
    public Task Names_and_none_do_not_go_together() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
        await seen.TryAsync("refused", async () => await connection.ScalarAsync("select $1, @p", ("", 1), ("p", 1))));

    [Fact]
    public Task A_collection_is_one() => Compare.Same((connection, seen) =>
    {
        using var command = connection.CreateCommand();
        var all = command.Parameters;
        var (a, b) = (command.With("@a", 1), command.With("b", 2));
        seen.Add((all.Count, all.IndexOf("a"), all.IndexOf("@b"), all.IndexOf(":B"), all.IndexOf("c"), all.IndexOf(b), all.Contains("a"),
            all.Contains(a), a.ParameterName));
        seen.Try("none", () => all["c"]);
        seen.Try("outside", () => all[5]);
        seen.Try("other", () => all.Add("text"));
        seen.Try("null", () => all.Add(null!));
        all.RemoveAt("a");
        seen.Add((all.Count, all[0].ParameterName));
        all.Insert(0, a);
        all.Remove(b);
        seen.Add((all.Count, ReferenceEquals(all[0], a)));
        var array = new DbParameter[1];
        all.CopyTo(array, 0);
        seen.Add(ReferenceEquals(array[0], a));
        all.Clear();
        seen.Add(all.Count);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    public void Differs_a_name_is_found_exactly_first_and_in_another_case_else(int count)
    {
        var parameters = new BrokerCommand().Parameters;
        for (var n = 0; n < count; n++)
        {
            parameters.AddWithValue($"@Name{n}", n);
        }
        Assert.Equal(1, parameters.IndexOf("name1"));
        parameters.AddWithValue("name1", -1);
        Assert.Equal((count, 1, 1), (parameters.IndexOf(":name1"), parameters.IndexOf("NAME1"), parameters.IndexOf("@Name1")));
        parameters[0].ParameterName = "other";
        Assert.Equal((-1, 0, 0), (parameters.IndexOf("Name0"), parameters.IndexOf("other"), parameters.IndexOf("OTHER")));
        parameters.RemoveAt("other");
        Assert.Equal((0, count - 1, -1), (parameters.IndexOf("Name1"), parameters.IndexOf("name1"), parameters.IndexOf("other")));
        parameters.Insert(0, new BrokerParameter("first", 1));
        Assert.Equal((0, 1), (parameters.IndexOf("first"), parameters.IndexOf("Name1")));
        parameters["first"] = new("second", 2);
        parameters[1] = new("third", 3);
        Assert.Equal((-1, 0, 1, count), (parameters.IndexOf("first"), parameters.IndexOf("SECOND"), parameters.IndexOf("third"),
            parameters.IndexOf("Name1")));
        parameters.Clear();
        Assert.Equal(-1, parameters.IndexOf("second"));
    }

    [Fact]
    public void What_finding_every_name_takes_grows_as_their_number_does()
    {
        _ = TakenBy(16);
        var (few, many) = (TakenBy(500), TakenBy(4000));
        Assert.True(many < 12 * few, $"{few} bytes for 500, {many} for 4000");

        static long TakenBy(int count)
        {
            string[] names = [.. Enumerable.Range(0, count).Select(n => $"@name{n}")];
            var parameters = new BrokerCommand().Parameters;
            var before = GC.GetAllocatedBytesForCurrentThread();
            foreach (var name in names)
            {
                Assert.False(parameters.Contains(name));
                parameters.AddWithValue(name, null);
            }
            foreach (var name in names)
            {
                _ = parameters[name];
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    [Fact]
    public Task What_a_parameter_is_at_first() => Compare.Same((connection, seen) =>
    {
        using var command = connection.CreateCommand();
        var parameter = command.CreateParameter();
        seen.Add((parameter.ParameterName, parameter.Value, parameter.DbType, parameter.Direction, parameter.Size, parameter.SourceColumn,
            parameter.SourceVersion, parameter.IsNullable));
        seen.Add((parameter.Precision, parameter.Scale, parameter.SourceColumnNullMapping));
        parameter.ParameterName = null;
        parameter.SourceColumn = null;
        seen.Add((parameter.ParameterName, parameter.SourceColumn));
        seen.Try("size", () => parameter.Size = -2);
        parameter.DbType = DbType.Int64;
        parameter.ResetDbType();
        parameter.Value = "x";
        seen.Add(parameter.DbType);
    });

    [Fact]
    public Task A_size_cuts_what_is_longer() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var command = connection.Command("select @a, @b", ("a", "abcdef"), ("b", new byte[] { 1, 2, 3 }));
        command.Parameters[0].Size = 2;
        command.Parameters[1].Size = 2;
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        seen.Add((reader.GetValue(0), reader.GetValue(1)));
    });

    [Fact]
    public async Task A_typed_parameter_has_a_null_of_its_type()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command =
            source.CreateCommand("select pg_typeof(@a)::text || ' ' || pg_typeof(@b)::text || ' ' || pg_typeof(@c)::text");
        command.Parameters.Add(new BrokerParameter<int?>("a", null));
        command.Parameters.Add(new BrokerParameter<string[]>("b", null));
        command.Parameters.Add(new BrokerParameter<DateOnly>("c", new(2020, 1, 1)));
        Assert.Equal("integer text[] date", await command.ExecuteScalarAsync());
    }
}
