using Broker.Clients.Tests.Reaching;
using Dapper;
using Npgsql;
using Xunit;

namespace Broker.Clients.Tests.OnDapper;

public sealed class DapperTests
{
    [Theory, Through(Keeping.Statement)]
    public async Task Rows_become_objects_and_parameters_go_by_name(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_people");

        var some = await connection.QueryAsync<Person>(
            "select id, name, born from dapper_people where id = any(@ids) order by id", new { ids = new[] { 1, 3 } });
        var one = await connection.QuerySingleAsync<Person>(
            "select id, name, born from dapper_people where name = @Name", new { Name = "Bea" });

        Assert.Equal(["Ada", "Cem"], some.Select(person => person.Name));
        Assert.Equal(new Person(2, "Bea", new DateTime(1980, 5, 6)), one);
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Several_results_are_read_one_after_the_other(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_several");

        await using var results = await connection.QueryMultipleAsync(
            "select count(*) from dapper_several; select name from dapper_several order by id; select max(id) from dapper_several");

        Assert.Equal(3L, await results.ReadSingleAsync<long>());
        Assert.Equal(["Ada", "Bea", "Cem"], await results.ReadAsync<string>());
        Assert.Equal(3, await results.ReadSingleAsync<int>());
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Rows_joined_are_split_into_the_objects_they_are_of(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_joined");

        var pairs = await connection.QueryAsync<Person, Person, (string, string)>(
            "select a.id, a.name, a.born, b.id, b.name, b.born from dapper_joined a join dapper_joined b on b.id = a.id + 1 order by a.id",
            (a, b) => (a.Name, b.Name));

        Assert.Equal([("Ada", "Bea"), ("Bea", "Cem")], pairs);
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_statement_is_run_for_each_of_many_parameters(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_many");

        var rows = await connection.ExecuteAsync(
            "insert into dapper_many values (@id, @name, null)", Enumerable.Range(10, 50).Select(id => new { id, name = $"n{id}" }));

        Assert.Equal(50, rows);
        Assert.Equal(53L, await connection.ExecuteScalarAsync<long>("select count(*) from dapper_many"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_query_that_is_not_buffered_may_be_left(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_left");

        await foreach (var n in connection.QueryUnbufferedAsync<int>("select generate_series(1, 100000)"))
        {
            if (n == 10)
            {
                break;
            }
        }

        Assert.Equal(1, await connection.ExecuteScalarAsync<int>("select 1"));
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task A_transaction_that_is_not_committed_leaves_nothing(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_undone");
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await connection.ExecuteAsync("delete from dapper_undone", transaction: transaction);
            Assert.Equal(0L, await connection.ExecuteScalarAsync<long>("select count(*) from dapper_undone", transaction: transaction));
        }

        Assert.Equal(3L, await connection.ExecuteScalarAsync<long>("select count(*) from dapper_undone"));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task A_function_is_called_as_a_procedure(string name)
    {
        await using var connection = await OpenAsync(name, "dapper_called");
        await connection.ExecuteAsync(
            "create procedure dapper_forget(which int) language sql as 'delete from dapper_called where id = which'");

        await connection.ExecuteAsync("dapper_forget", new { which = 2 }, commandType: System.Data.CommandType.StoredProcedure);

        Assert.Equal([1, 3], await connection.QueryAsync<int>("select id from dapper_called order by id"));
    }

    private static async Task<NpgsqlConnection> OpenAsync(string name, string table)
    {
        var connection = new NpgsqlConnection((await Endpoints.OpenAsync(name)).ConnectionString());
        await connection.OpenAsync();
        await connection.ExecuteAsync($"create table {table} (id int primary key, name text, born timestamp)");
        await connection.ExecuteAsync($"insert into {table} values (1, 'Ada', '1815-12-10'), (2, 'Bea', '1980-05-06'), (3, 'Cem', null)");
        return connection;
    }

    private sealed record Person(int Id, string Name, DateTime? Born)
    {
        private Person() : this(0, "", null)
        {
        }
    }
}
