using System.Diagnostics;
using Broker.Clients.Tests.Reaching;
using Xunit;

namespace Broker.Clients.Tests.OnPsql;

public sealed class PsqlTests
{
    private static readonly string[] Quiet = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"];

    [Theory, Through(Keeping.Statement)]
    public async Task A_script_of_statements_copies_and_commands_of_its_own_says_what_it_says_at_the_server(string name)
    {
        var said = await RunAsync(name, """
            create table psql_items (id int primary key, name text, price numeric);
            \copy psql_items from stdin
            1	one	1.50
            2	zwö	2.25
            3	\N	3
            \.
            select count(*), sum(price) from psql_items;
            \copy (select * from psql_items order by id) to stdout
            select id as found from psql_items where name = 'one' \gset
            \echo found :found
            select format('insert into psql_items values (%s, %L)', n, n) from generate_series(10, 12) n \gexec
            select string_agg(id::text, ',' order by id) from psql_items;
            select 1 as one, 'x'::text as two \gdesc
            select 1; select 2; select 3;
            \d psql_items
            drop table psql_items;
            """);

        Assert.Equal(
            """
            3|6.75
            1	one	1.50
            2	zwö	2.25
            3	\N	3
            found 1
            1,2,3,10,11,12
            one|integer
            two|text
            1
            2
            3
            id|integer||not null|
            name|text|||
            price|numeric|||

            """,
            said.Succeeded());
        Assert.Equal("", said.Errors);
    }

    [Theory, Through(Keeping.Transaction)]
    public async Task Transactions_with_savepoints_failed_blocks_and_cursors_are_as_at_the_server(string name)
    {
        var said = await RunAsync(name, """
            create table psql_steps (id int primary key);
            begin;
            insert into psql_steps values (1);
            savepoint one;
            insert into psql_steps values (1);
            select 1;
            rollback to one;
            insert into psql_steps values (2);
            release one;
            commit;
            begin;
            insert into psql_steps values (3);
            insert into psql_steps values (3);
            commit;
            begin;
            insert into psql_steps values (4);
            commit and chain;
            insert into psql_steps values (5);
            rollback;
            select string_agg(id::text, ',' order by id) from psql_steps;
            \set FETCH_COUNT 2
            select n from generate_series(1, 5) n;
            \unset FETCH_COUNT
            \set ON_ERROR_ROLLBACK on
            begin;
            insert into psql_steps values (1);
            insert into psql_steps values (6);
            commit;
            select string_agg(id::text, ',' order by id) from psql_steps;
            drop table psql_steps;
            """);

        Assert.Equal("1,2,4\n1\n2\n3\n4\n5\n1,2,4,6\n", said.Succeeded());
        const string Duplicate = "duplicate key value violates unique constraint \"psql_steps_pkey\"";
        Assert.Equal(
            [Duplicate, "current transaction is aborted, commands ignored until end of transaction block", Duplicate, Duplicate],
            said.Errors.Split('\n').Where(line => line.Contains("ERROR:  ", StringComparison.Ordinal))
                .Select(line => line.Split("ERROR:  ")[1]));
    }

    [Theory, Through(Keeping.Statement)]
    public async Task An_error_ends_a_script_that_wants_it_and_is_told_with_its_place(string name)
    {
        var said = await RunAsync(name, "\\set VERBOSITY verbose\nselect 1;\nselect nothing_there;\nselect 2;", "--set=ON_ERROR_STOP=1");

        Assert.Equal(3, said.ExitCode);
        Assert.Equal("1\n", said.Output);
        Assert.Contains("ERROR:  42703: column \"nothing_there\" does not exist", said.Errors, StringComparison.Ordinal);
        Assert.Contains("LINE 1: select nothing_there;", said.Errors, StringComparison.Ordinal);
    }

    [Theory, Through(Keeping.Statement)]
    public async Task Notices_come_with_the_statement_that_gave_them(string name)
    {
        var said = await RunAsync(name, "do $$ begin raise notice 'seen %', 1; raise warning 'beware'; end $$;");

        said.Succeeded();
        Assert.Contains("NOTICE:  seen 1", said.Errors, StringComparison.Ordinal);
        Assert.Contains("WARNING:  beware", said.Errors, StringComparison.Ordinal);
    }

    [Theory, Through(Keeping.Statement)]
    public async Task An_interrupt_cancels_the_statement_under_way(string name)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        using var psql = ClientProgram.Start(
            endpoint, ClientProgram.Find("psql"), [.. Quiet, "--command=select 'psql sleeps' from pg_sleep(50)"]);
        await endpoint.UntilItWaitsAsync("psql sleeps");

                using var interrupt = Process.Start("kill", ["-INT", $"{psql.Id}"]);

        var ended = await ClientProgram.EndAsync(psql);
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("canceling statement due to user request", ended.Errors, StringComparison.Ordinal);
        Assert.Equal("2\n", (await RunAsync(name, "select 2;")).Succeeded());
    }

    private static async Task<ClientProgram> RunAsync(string name, string script, params string[] more) =>
        await ClientProgram.RunAsync(await Endpoints.OpenAsync(name), ClientProgram.Find("psql"), [.. Quiet, .. more], script);
}
