using System.Data;
using System.Data.Common;
using Broker.Ado.Tests.Comparing;
using Broker.Client.Ado;
using Dapper;
using Xunit;

namespace Broker.Ado.Tests.OnDapper;

public sealed class DapperTests
{
    static DapperTests() => SqlMapper.AddTypeHandler(new ArrayHandler<int>());

    /// <summary>Passes an array as it is, as the page says.</summary>
    public sealed class ArrayHandler<T> : SqlMapper.TypeHandler<T[]>
    {
        public override void SetValue(IDbDataParameter parameter, T[]? value) => parameter.Value = value;

        public override T[]? Parse(object value) => (T[])value;
    }

    public enum Kind
    {
        Cat = 1,
        Dog = 2,
    }

    public sealed record Person(int Id, string Name, DateTime? Born)
    {
        private Person() : this(0, "", null)
        {
        }
    }

    public sealed class Everything
    {
        public bool Truth { get; set; }

        public short Small { get; set; }

        public long Big { get; set; }

        public double Double { get; set; }

        public decimal Amount { get; set; }

        public string? Text { get; set; }

        public Guid Uid { get; set; }

        public byte[]? Bytes { get; set; }

        public DateTime Instant { get; set; }

        public TimeSpan Span { get; set; }

        public int? Nothing { get; set; }

        public Kind Kind { get; set; }

        public int[]? Numbers { get; set; }
    }

    [Fact]
    public Task Rows_become_objects_and_parameters_go_by_name() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        seen.Add((await connection.QueryAsync<Person>("select id, name, born from people where id <= @most order by id", new { most = 3 }))
            .ToArray());
        seen.Add(await connection.QuerySingleAsync<Person>("select id, name, born from people where mark = @Mark", new { Mark = "b" }));
        seen.Add(await connection.QueryFirstOrDefaultAsync<Person>("select id, name, born from people where id = @id", new { id = -1 }));
        seen.Add(connection.Query<int>("select id from people where id <= 3 order by id").ToArray());
        seen.Add(await connection.ExecuteScalarAsync<long>("select count(*) from people where id <= 3"));
        seen.Add((IDictionary<string, object>)await connection.QuerySingleAsync("select 1 as a, null as b, 'x' as c"));
        await seen.TryAsync("none", () => connection.QuerySingleAsync<Person>("select id, name, born from people where false"));
    });

    [Fact]
    public Task Values_of_every_type_go_and_come_back() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        var sent = new Everything
        {
            Truth = true, Small = 5, Big = 5_000_000_000, Double = 1.5, Amount = 2.50m, Text = "text",
            Uid = new("6f9619ff-8b86-d011-b42d-00cf4fc964ff"), Bytes = [1, 2],
            Instant = new DateTime(2020, 1, 2, 3, 4, 5, DateTimeKind.Utc), Span = new TimeSpan(1, 2, 3), Nothing = null, Kind = Kind.Dog,
            Numbers = [1, 2],
        };
        var back = await connection.QuerySingleAsync<Everything>(
            """
            select @Truth as truth, @Small as small, @Big as big, @Double as double, @Amount as amount, @Text as text, @Uid as uid, @Bytes as bytes, @Instant as instant, @Span as span,
              @Nothing::int as nothing, @Kind as kind, @Numbers as numbers
            """, sent);
        foreach (var property in typeof(Everything).GetProperties())
        {
            seen.Add(property.Name, property.GetValue(back));
        }
    });

    [Fact]
    public Task What_is_not_buffered_is_read_as_it_is_wanted() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        seen.Add(connection.Query<int>("select generate_series(1, 5)", buffered: false).Take(2).ToArray());
        seen.Add((await connection.QueryAsync<int>(new CommandDefinition("select generate_series(1, 5)", flags: CommandFlags.None))).Take(3)
            .ToArray());
        var sum = 0;
        await foreach (var n in connection.QueryUnbufferedAsync<int>("select generate_series(1, 1000)"))
        {
            sum += n;
            if (n == 10)
            {
                break;
            }
        }
        seen.Add(sum);
        seen.Add(await connection.ExecuteScalarAsync<int>("select 1"));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_not_buffered_streams_when_its_data_source_does(bool inTransaction)
    {
        await using var source = new BrokerDataSource((await Sides.BothAsync()).Client, "shop", new() { Streaming = true });
        await using var connection = source.OpenConnection();
        await using var transaction = inTransaction ? connection.BeginTransaction() : null;
        const string Large = "select repeat('x', 1000) from generate_series(1, 20000)";
        Assert.Equal(20_000, connection.Query<string>(Large, buffered: false).Count());
        Assert.Equal(10, connection.Query<string>(Large, buffered: false).Take(10).Count());
        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select 1"));
    }

    [Fact]
    public Task Rows_joined_are_split_into_the_objects_they_are_of() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
        seen.Add((await connection.QueryAsync<Person, Person, string>(
            "select a.id, a.name, a.born, b.id, b.name, b.born from people a join people b on b.id = a.id + 1 where b.id <= 3 order by a.id",
            (a, b) => $"{a.Id}-{b.Id}")).ToArray()));

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task Several_results_are_read_one_after_the_other(bool inTransaction) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = inTransaction ? await connection.BeginTransactionAsync() : null;
        await using var results = await connection.QueryMultipleAsync(
            "select count(*) from people where id <= @most; select id from people where false; select id from people where id <= @most order by id; select 7", new { most = 3 }, transaction);
        seen.Add(await results.ReadSingleAsync<long>());
        seen.Add((await results.ReadAsync<int>()).ToArray());
        seen.Add((await results.ReadAsync<int>()).ToArray());
        seen.Add(await results.ReadSingleAsync<int>());
        seen.Add(results.IsConsumed);
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public Task A_statement_is_run_for_each_of_many_parameters(bool inTransaction) =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using var transaction = inTransaction ? await connection.BeginTransactionAsync() : null;
        seen.Add(await connection.ExecuteAsync("insert into pets values (@id, @owner, @kind)",
            Enumerable.Range(300, 20).Select(id => new { id, owner = (int?)null, kind = (string?)"cat" }), transaction));
        seen.Add(await connection.ExecuteAsync("delete from pets where id = @id",
            Enumerable.Range(300, 20).Select(id => new { id }).ToList(), transaction));
        await (transaction?.CommitAsync() ?? Task.CompletedTask);
    });

    [Fact]
    public Task A_transaction_that_is_not_committed_leaves_nothing() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("insert into people values (400, 'undone')", transaction: transaction);
            seen.Add(await connection.ExecuteScalarAsync<long>("select count(*) from people where id = 400", transaction: transaction));
        }
        seen.Add(await connection.ExecuteScalarAsync<long>("select count(*) from people where id = 400"));
    });

    [Fact]
    public Task Procedures_are_called_and_connections_opened_and_closed_as_needed() =>
        Compare.SameAsync(async (DbDataSource source, Seen seen) =>
    {
        await using var connection = source.CreateConnection();
        seen.Add(await connection.ExecuteAsync("rename", new { which = 9, called = "Dapper" }, commandType: CommandType.StoredProcedure));
        seen.Add((await connection.QueryAsync<int>("select 9 from people where id = 9")).Single());
        seen.Add(connection.State);
        await using var reader = await connection.ExecuteReaderAsync("select 1 as a");
        seen.Add(connection.State);
        using var table = new DataTable();
        table.Load(reader);
        seen.Add(table.Rows.Count);
    });

    [Fact]
    public Task Parameters_that_are_made_by_hand_go_too() => Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        var parameters = new DynamicParameters();
        parameters.Add("a", 5, DbType.Int64);
        parameters.Add("@b", "text", size: 2);
        parameters.Add("c", null, DbType.DateTime2);
        parameters.Add("d", new DbString { Value = "fixed", IsFixedLength = true, Length = 5 });
        seen.Add((IDictionary<string, object>)await connection.QuerySingleAsync("select @a as a, @b as b, @c as c, @d as d, {=e} as e",
            Extended(parameters)));
    });

    private static DynamicParameters Extended(DynamicParameters parameters)
    {
        parameters.Add("e", 6);
        return parameters;
    }

    [Fact]
    public Task An_array_is_one_parameter_where_its_handler_is_registered() =>
        Compare.SameAsync(async (DbConnection connection, Seen seen) =>
    {
        seen.Add((await connection.QueryAsync<int>("select id from people where id = any(@ids) order by id", new { ids = new[] { 1, 3 } }))
            .ToArray());
        seen.Add((await connection.QueryAsync<int>("select id from people where id = any(@ids)", new { ids = Array.Empty<int>() }))
            .ToArray());
    });

    [Fact]
    public Task Differs_an_array_without_a_handler_is_a_list_of_parameters() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            var names = new { names = new[] { "Ada", "Bea" } };
            await seen.TryAsync("any",
                async () => (await connection.QueryAsync<int>("select id from people where name = any(@names) order by id", names))
                    .ToArray());
            await seen.TryAsync("in",
                async () => (await connection.QueryAsync<int>("select id from people where name in @names order by id", names)).ToArray());
        },
        ["any: Int32[] [Int32 1, Int32 2]", "in: SQLSTATE 42601"],
        ["any: SQLSTATE 42809", "in: Int32[] [Int32 1, Int32 2]"]);

    [Fact]
    public Task Differs_a_list_without_elements_is_a_text_to_the_server() => Compare.DiffersAsync(
        async (connection, seen) =>
        {
            await seen.TryAsync("of a number",
                async () => (await connection.QueryAsync<int>("select id from people where id in @ids", new { ids = new List<long>() }))
                    .ToArray());
            await seen.TryAsync("of a text",
                async () => (await connection.QueryAsync<int>("select id from people where name in @names",
                    new { names = new List<string>() })).ToArray());
        },
        ["of a number: SQLSTATE 42601", "of a text: SQLSTATE 42601"],
        ["of a number: SQLSTATE 42883", "of a text: Int32[] []"]);

    [Fact]
    public async Task Queries_of_many_callers_share_few_connections()
    {
        var source = (await Sides.BothAsync()).Broker;
        var names = await Task.WhenAll(Enumerable.Range(0, 100).Select(async n =>
        {
            await using var connection = source.CreateConnection();
            return await connection.QuerySingleAsync<string>("select name from people where id = @id", new { id = (n % 2) + 1 });
        }));
        Assert.All(names, name => Assert.Contains(name, new[] { "Ada", "Bea" }));
    }
}
