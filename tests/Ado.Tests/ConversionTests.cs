using System.Data.Common;
using System.Text.Json;
using Broker.Ado.Tests.Comparing;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Tests.Hosting;
using Xunit;

namespace Broker.Ado.Tests;

/// <summary>Every type read by every getter.</summary>
public sealed class ConversionTests
{
    private const string Cast = "InvalidCastException";

    private static readonly string[] AllValues =
    [
        "true", "5::int2", "300::int2", "5::int4", "70000::int4", "5::int8", "5000000000::int8", "5.5::float4", "5::float4", "5.5::float8",
        "5.5::numeric", "5::numeric",
        "70000::numeric", "-1::int4", "3.50::money", "'text'", "'t'", "''", "'v'::varchar(5)", "'c'::char(3)", "'x'::\"char\"", "'n'::name",
        "'sad'::mood",
        "'6f9619ff-8b86-d011-b42d-00cf4fc964ff'::uuid", "'\\x010203'::bytea", "'\\x'::bytea", "'{\"a\": 1}'::json", "'{\"a\": 1}'::jsonb",
        "'<a/>'::xml",
        "'2020-02-29'::date", "'2020-02-29 12:34:56.789012'::timestamp", "'2020-02-29 12:34:56+02'::timestamptz", "'12:34:56'::time",
        "'12:34:56+02'::timetz",
        "'3 days 04:05:06'::interval", "42::oid", "null::int", "null::text", "null::int[]", "b'1'::bit(1)", "b'101'::bit(3)",
        "b'101'::varbit", "'10.1.2.3'::inet", "'10.0.0.0/8'::cidr",
        "'08:00:2b:01:02:03'::macaddr", "'a=>1'::text",
    ];

    private static readonly (string Name, Func<DbDataReader, object?> Get)[] Getters =
    [
        ("type", reader => reader.GetDataTypeName(0)),
        ("field type", reader => reader.GetFieldType(0)),
        ("null", reader => reader.IsDBNull(0)),
        ("Value", reader => reader.GetValue(0)),
        ("Boolean", reader => reader.GetBoolean(0)),
        ("Byte", reader => reader.GetByte(0)),
        ("Int16", reader => reader.GetInt16(0)),
        ("Int32", reader => reader.GetInt32(0)),
        ("Int64", reader => reader.GetInt64(0)),
        ("Float", reader => reader.GetFloat(0)),
        ("Double", reader => reader.GetDouble(0)),
        ("Decimal", reader => reader.GetDecimal(0)),
        ("Char", reader => reader.GetChar(0)),
        ("String", reader => reader.GetString(0)),
        ("DateTime", reader => reader.GetDateTime(0)),
        ("Guid", reader => reader.GetGuid(0)),
        ("sbyte", reader => reader.GetFieldValue<sbyte>(0)),
        ("int?", reader => reader.GetFieldValue<int?>(0)),
        ("object", reader => reader.GetFieldValue<object>(0)),
        ("DateOnly", reader => reader.GetFieldValue<DateOnly>(0)),
        ("DateTime?", reader => reader.GetFieldValue<DateTime?>(0)),
        ("TimeOnly", reader => reader.GetFieldValue<TimeOnly>(0)),
        ("TimeSpan", reader => reader.GetFieldValue<TimeSpan>(0)),
        ("DateTimeOffset", reader => reader.GetFieldValue<DateTimeOffset>(0)),
        ("char[]", reader => new string(reader.GetFieldValue<char[]>(0))),
        ("TextReader", reader => reader.GetTextReader(0).ReadToEnd()),
        ("JsonDocument", reader => reader.GetFieldValue<JsonDocument>(0).RootElement.GetProperty("a").GetInt32()),
        ("uint", reader => reader.GetFieldValue<uint>(0)),
        ("int[]", reader => reader.GetFieldValue<int[]>(0)),
        ("byte[]", reader => reader.GetFieldValue<byte[]>(0)),
    ];

    /// <summary>What is read by one of both only, on purpose: a value, a getter, what Npgsql gives, and what ours gives.</summary>
    private static readonly (string Value, string Getter, string Npgsql, string Ours)[] Differences =
    [
        // what is inside of a date is nobody's business
        ("'2020-02-29'::date", "Int32", "Int32 7364", Cast),
        ("'2020-02-29'::date", "int?", "Int32 7364", Cast),
        ("'2020-02-29 12:34:56.789012'::timestamp", "Int64", "Int64 636294896789012", Cast),
        ("'2020-02-29 12:34:56+02'::timestamptz", "Int64", "Int64 636287696000000", Cast),
        ("'12:34:56'::time", "Int64", "Int64 45296000000", Cast),
        // a NULL is null, whatever it might have been
        ("null::int", "DateTime?", Cast, "null"),
        ("null::text", "DateTime?", Cast, "null"),
        ("null::text", "int?", Cast, "null"),
        ("null::int[]", "DateTime?", Cast, "null"),
        ("null::int[]", "int?", Cast, "null"),
        ("''", "Char", "SQLSTATE ", Cast),
        // an enum is a text
        ("'sad'::mood", "Char", Cast, "Char s"),
        ("'sad'::mood", "char[]", Cast, "\"sad\""),
        ("'sad'::mood", "TextReader", Cast, "\"sad\""),
        ("'sad'::mood", "byte[]", Cast, "bytes 736164"),
    ];

    public static TheoryData<string, string, string, string> Differing { get; } = Rows();

    private static TheoryData<string, string, string, string> Rows()
    {
        var rows = new TheoryData<string, string, string, string>();
        foreach (var (value, getter, npgsql, ours) in Differences)
        {
            rows.Add(value, getter, npgsql, ours);
        }
        return rows;
    }

    public static TheoryData<string> Values { get; } = [.. AllValues];

    [Theory]
    [MemberData(nameof(Values))]
    public Task Every_getter_gives_the_same(string value) => Compare.SameAsync((DbConnection connection, Seen seen) =>
        ReadAsync(connection, value, seen, name => !Differences.Any(one => one.Value == value && one.Getter == name)));

    [AtHomeFact("they are types of Npgsql's own, which have no form to cross in: ResultMismatch")]
    public async Task Every_getter_gives_the_same_of_what_only_Npgsql_has_a_type_for()
    {
        await Every_getter_gives_the_same("'(1,2)'::point");
        await Every_getter_gives_the_same("'a & b'::tsquery");
    }

    [Theory]
    [MemberData(nameof(Differing))]
    public Task Differs_what_only_one_of_both_reads(string value, string getter, string npgsql, string ours) => Compare.DiffersAsync(
        (connection, seen) => ReadAsync(connection, value, seen, name => name == getter), [$"{getter}: {npgsql}"], [$"{getter}: {ours}"]);

    private static async Task ReadAsync(DbConnection connection, string value, Seen seen, Func<string, bool> wanted)
    {
        await using var command = connection.Command($"select {value}");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        foreach (var (name, get) in Getters.Where(getter => wanted(getter.Name)))
        {
            seen.Try(name, () => get(reader));
        }
    }

    [Theory]
    [InlineData("'\\x0102'::bytea")]
    [InlineData("'héllo'")]
    [InlineData("'{\"a\": 1}'::json")]
    public Task Bytes_and_texts_are_streams(string value) =>
        Compare.SameAsync((DbConnection connection, Seen seen) => StreamAsync(connection, value, seen));

    [Fact]
    public Task Differs_what_the_server_sends_of_another_type_is_no_stream() =>
        Compare.DiffersAsync((connection, seen) => StreamAsync(connection, "5", seen), ["stream: \"00000005\""], [$"stream: {Cast}"]);

    [Fact]
    public Task Differs_a_stream_of_jsonb_is_its_text_without_the_number_of_its_version() =>
        Compare.DiffersAsync((connection, seen) => StreamAsync(connection, "'{}'::jsonb", seen), ["stream: \"017B7D\""],
            ["stream: \"7B7D\""]);

    private static async Task StreamAsync(DbConnection connection, string value, Seen seen)
    {
        await using var command = connection.Command($"select {value}");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        seen.Try("stream", () =>
        {
            using var stream = reader.GetStream(0);
            var copy = new MemoryStream();
            stream.CopyTo(copy);
            return Convert.ToHexString(copy.ToArray());
        });
    }

    [Fact]
    public async Task Differs_a_range_is_a_text_and_is_read_as_a_range_of_the_clients()
    {
        var source = (await Sides.BothAsync()).Broker;
        await using var command = source.CreateCommand("select '[1,5)'::int4range");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        Assert.Equal("[1,5)", reader.GetValue(0));
        Assert.Equal(new ValueRange<int>(1, 5, true, false), reader.GetFieldValue<ValueRange<int>>(0));
    }

    public static TheoryData<string> Arrays { get; } =
    [
        "array[1, 2]", "array[1::int2]", "array[5000000000]", "array[5::int8]", "array['a', 'b']", "array[1.5, 2]", "array[true]",
        "array[[1, 2], [3, 4]]",
        "array['2020-01-01 00:00+00'::timestamptz]", "array['6f9619ff-8b86-d011-b42d-00cf4fc964ff'::uuid]", "array['\\x01'::bytea]",
        "array['{}'::jsonb]", "array['sad'::mood]",
    ];

    [Theory]
    [MemberData(nameof(Arrays))]
    public Task Arrays_are_read_the_same(string value) =>
        Compare.SameAsync((DbConnection connection, Seen seen) => ReadArrayAsync(connection, value, seen));

    [Fact]
    public Task Differs_an_array_with_a_null_among_its_elements_is_a_value() => Compare.DiffersAsync(
        (connection, seen) => ReadArrayAsync(connection, "array[1, null]", seen), WithNull("Value: InvalidCastException"),
            WithNull("Value: Nullable`1[] [Int32 1, null]"));

    private static string[] WithNull(string value) =>
    [
        "\"integer[]\"", "Type Array", value, "int[]: InvalidCastException", "int?[]: Nullable`1[] [Int32 1, null]",
        "int[,]: InvalidCastException",
        "List<int>: InvalidCastException", "string[]: InvalidCastException", "List<string>: InvalidCastException",
    ];

    [Fact]
    public Task Differs_an_array_without_elements_has_none_of_any_type() => Compare.DiffersAsync(
        (connection, seen) => ReadArrayAsync(connection, "'{}'::int[]", seen),
        Empty("string[]: InvalidCastException", "List<string>: InvalidCastException"),
            Empty("string[]: String[] []", "List<string>: List`1 []"));

    private static string[] Empty(params string[] strings) =>
    [
        "\"integer[]\"", "Type Array", "Value: Int32[] []", "int[]: Int32[] []", "int?[]: Nullable`1[] []", "int[,]: InvalidCastException",
        "List<int>: List`1 []", .. strings,
    ];

    [Theory]
    [InlineData("1e30::numeric", false)]
    [InlineData("1e30::numeric", true)]
    [InlineData("date '20000-01-01'", false)]
    [InlineData("timestamptz '20000-01-01 00:00Z'", true)]
    public async Task Differs_a_value_that_no_type_of_NET_holds_fails_its_command_and_nothing_else(string value, bool inTransaction)
    {
        var sides = await Sides.BothAsync();
        await using var connection = sides.Broker.OpenConnection();
        await using var transaction = inTransaction ? connection.BeginTransaction() : null;
        var failed = await Assert.ThrowsAsync<BrokerException>(() => connection.ScalarAsync($"select 1 as fits, {value} as large"));

        Assert.Contains("large", Assert.IsType<ResultMismatch>(failed.Failure).Reason, StringComparison.Ordinal);
        Assert.False(failed.IsTransient);
        if (transaction is not null)
        {
            var refused = await Assert.ThrowsAsync<BrokerException>(() => connection.ScalarAsync("select 1"));
            Assert.IsType<ResultMismatch>(Assert.IsType<ConversationFailed>(refused.Failure).Cause);
            await transaction.RollbackAsync();
        }
        Assert.Equal(1, await connection.ScalarAsync("select 1"));
        Assert.Contains("0000", Assert.IsType<string>(await connection.ScalarAsync($"select ({value})::text")), StringComparison.Ordinal);

        await using var expected = await sides.Npgsql.OpenConnectionAsync();
        await using var command = expected.Command($"select 1 as fits, {value} as large");
        await using var reader = await command.ExecuteReaderAsync();
        Assert.True(await reader.ReadAsync());
        Assert.Equal(1, reader.GetInt32(0));
        Assert.ThrowsAny<Exception>(() => reader.GetValue(1));
    }

    private static async Task ReadArrayAsync(DbConnection connection, string value, Seen seen)
    {
        await using var command = connection.Command($"select {value}");
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        seen.Add(reader.GetDataTypeName(0));
        seen.Add(reader.GetFieldType(0));
        seen.Try("Value", () => reader.GetValue(0));
        seen.Try("int[]", () => reader.GetFieldValue<int[]>(0));
        seen.Try("int?[]", () => reader.GetFieldValue<int?[]>(0));
        seen.Try("int[,]", () => reader.GetFieldValue<int[,]>(0));
        seen.Try("List<int>", () => reader.GetFieldValue<List<int>>(0));
        seen.Try("string[]", () => reader.GetFieldValue<string[]>(0));
        seen.Try("List<string>", () => reader.GetFieldValue<List<string>>(0));
    }
}
