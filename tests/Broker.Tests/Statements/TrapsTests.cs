using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class TrapsTests(CatalogueFixture database) : IClassFixture<CatalogueFixture>
{
    [Theory]
    [InlineData("select * from guarded", ClassReason.RowSecurity)]
    [InlineData("select * from over_guarded", ClassReason.RowSecurity)]
    [InlineData("insert into shop.items select id from guarded", ClassReason.RowSecurity)]
    [InlineData("select random()", ClassReason.Function)]
    [InlineData("select ext.uuid_generate_v4()", ClassReason.Function)]
    [InlineData("select clock_timestamp()", ClassReason.Function)]
    [InlineData("select pg_sleep(1)", ClassReason.Function)]
    [InlineData("select nextval('numbers')", ClassReason.Function)]
    [InlineData("select txid_current()", ClassReason.Function)]
    [InlineData("select pg_notify('a', 'b')", ClassReason.Function)]
    [InlineData("select pg_advisory_xact_lock(1)", ClassReason.Function)]
    [InlineData("select ('1'::float8).pg_sleep", ClassReason.FunctionalNotation)]
    [InlineData("select * from pg_stat_activity", ClassReason.Function)]
    [InlineData("select current_setting('lock_timeout')", ClassReason.ReadsSetting)]
    [InlineData("select * from customers for update", ClassReason.LocksRows)]
    [InlineData("with x as (with y as (select 1 as a) insert into shop.items select a from y returning *) select * from x",
        ClassReason.ModifiesWithin)]
    [InlineData("with x as (update customers set name = 'x' returning xmin) select 1 from x", ClassReason.SystemColumn)]
    [InlineData("with x as (update customers set name = 'x') select c.ctid from customers c", ClassReason.SystemColumn)]
    [InlineData("with x as (delete from orders) select 1 from customers for update", ClassReason.LocksRows)]
    [InlineData("with x as (delete from orders returning id) select id, random() from x", ClassReason.Function)]
    [InlineData("update customers set name = 'x' where xmin = $1", ClassReason.SystemColumn)]
    [InlineData("update customers set name = 'x' returning xmin", ClassReason.SystemColumn)]
    [InlineData("delete from customers where ctid = '(0,1)'", ClassReason.SystemColumn)]
    [InlineData("update customers set name = pg_current_xact_id_if_assigned()::text", ClassReason.TransactionFunction)]
    [InlineData("select last_value from numbers", ClassReason.RelationKind)]
    [InlineData("show lock_timeout", ClassReason.NotPlainVerb)]
    [InlineData("notify a", ClassReason.NotPlainVerb)]
    [InlineData(" -- nothing", ClassReason.Empty)]
    public async Task Travels_alone_and_leaves_the_session_as_it_was(string sql, object reason)
    {
        var found = await database.ClassOfAsync(sql);

        Assert.Equal((Travel.Alone, (ClassReason)reason), (found.Travel, found.Reason));
    }

    [Theory]
    [InlineData("select own(1)", ClassReason.Function)]
    [InlineData("select public.own ( 1 )", ClassReason.Function)]
    [InlineData("select \"own\"/**/(1)", ClassReason.Function)]
    [InlineData("select boss()", ClassReason.Function)]
    [InlineData("select * from pgbench_accounts, lateral own(aid) x", ClassReason.Function)]
    [InlineData("select set_config('app.tenant', 'x', true)", ClassReason.Function)]
    [InlineData("select pg_advisory_lock(1)", ClassReason.Function)]
    [InlineData("select table_to_xml('customers', true, true, '')", ClassReason.Function)]
    [InlineData("select setseed(0.5)", ClassReason.Function)]
    [InlineData("select p.fullname from person p", ClassReason.FunctionalNotation)]
    [InlineData("select (p).fullname from person p", ClassReason.FunctionalNotation)]
    [InlineData("select (array[p])[1].fullname from person p", ClassReason.FunctionalNotation)]
    [InlineData("select fullname(p) from person p", ClassReason.Function)]
    [InlineData("select state === 'x' from orders", ClassReason.Operator)]
    [InlineData("select state operator(public.===) 'x' from orders", ClassReason.NamedOperator)]
    [InlineData("select * from guarded_by_code", ClassReason.Function)]
    [InlineData("select * from calling", ClassReason.Function)]
    [InlineData("select * from calling_deep", ClassReason.Function)]
    [InlineData("select * from setting", ClassReason.Function)]
    [InlineData("select $1::checked", ClassReason.Function)]
    [InlineData("select checked '1'", ClassReason.Function)]
    [InlineData("select '{1}'::checked[]", ClassReason.Function)]
    [InlineData("select '{1}'::_checked", ClassReason.Function)]
    [InlineData("select cast($1 as public.pair)", ClassReason.Function)]
    [InlineData("select coalesce(id, $1) from checks", ClassReason.Function)]
    [InlineData("insert into checks values (1)", ClassReason.Function)]
    [InlineData("insert into array_checks values ('{1}')", ClassReason.Function)]
    [InlineData("insert into pairs values ('(1,2)')", ClassReason.Function)]
    [InlineData("select t + 1 from weather", ClassReason.UserType)]
    [InlineData("select $1::temperature + 1", ClassReason.UserType)]
    [InlineData("insert into audited values (1)", ClassReason.Trigger)]
    [InlineData("update public.audited set note = ''", ClassReason.Trigger)]
    [InlineData("update over_audited set note = ''", ClassReason.Trigger)]
    [InlineData("with x as (delete from audited returning *) select * from x", ClassReason.Trigger)]
    [InlineData("with x as (delete from orders returning id), y as (insert into audited select id from x) select 1", ClassReason.Trigger)]
    [InlineData("with x as (delete from orders returning id) insert into audited select id from x", ClassReason.Trigger)]
    [InlineData("with x as (insert into audited values (1) returning id) insert into orders (customer) select id from x",
        ClassReason.Trigger)]
    [InlineData("with x as (update ruled set id = 1 returning id) select id from x", ClassReason.Rule)]
    [InlineData("with x as (insert into checks values (1) returning id) select id from x", ClassReason.Function)]
    [InlineData("with x as (delete from orders returning id) select own(id) from x", ClassReason.Function)]
    [InlineData("delete from parent where id = 1", ClassReason.Trigger)]
    [InlineData("update parent2 set id = 1", ClassReason.Function)]
    [InlineData("insert into parts values (1)", ClassReason.Trigger)]
    [InlineData("update base set id = 2", ClassReason.Function)]
    [InlineData("insert into instead values (1)", ClassReason.Trigger)]
    [InlineData("insert into ruled values (1)", ClassReason.Rule)]
    [InlineData("insert into ruled_view values (1)", ClassReason.Rule)]
    [InlineData("insert into defaults (id) values (1)", ClassReason.Function)]
    [InlineData("insert into setting_default (id) values (1)", ClassReason.Function)]
    [InlineData("insert into generated (id) values (1)", ClassReason.Function)]
    [InlineData("insert into indexed values (1)", ClassReason.Function)]
    [InlineData("insert into partial values (1)", ClassReason.Function)]
    [InlineData("select * from u&\"customers\"", ClassReason.UnicodeName)]
    [InlineData("select p::varchar from people", ClassReason.UserType)]
    [InlineData("select total(aid) from pgbench_accounts", ClassReason.Function)]
    [InlineData("select total(aid) over () from pgbench_accounts", ClassReason.Function)]
    [InlineData("insert into tenants_1 values (1)", ClassReason.Function)]
    [InlineData("insert into tenants values (1)", ClassReason.Function)]
    [InlineData("insert into logged values (1)", ClassReason.Trigger)]
    [InlineData("insert into logged_1 values (1)", ClassReason.Trigger)]
    [InlineData("insert into typed_default values (1)", ClassReason.Function)]
    [InlineData("insert into constraint_trigger values (1)", ClassReason.Trigger)]
    [InlineData("select * from lines", ClassReason.ForeignTable)]
    [InlineData("select * from mixed", ClassReason.ForeignTable)]
    [InlineData("select * from ext.crosstab('select 1, 2, 3') as c(a int, b int)", ClassReason.Function)]
    [InlineData("select * from ext.dblink('', 'select 1') as d(a int)", ClassReason.Function)]
    [InlineData("select 1 as aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234", ClassReason.LongName)]
    [InlineData("select * into kept from customers", ClassReason.SelectsInto)]
    [InlineData("create temp table x (a int)", ClassReason.NotPlainVerb)]
    [InlineData("do $$ begin end $$", ClassReason.NotPlainVerb)]
    [InlineData("call p()", ClassReason.NotPlainVerb)]
    [InlineData("explain analyze select own(1)", ClassReason.NotPlainVerb)]
    [InlineData("select 'open", ClassReason.NotLexed)]
    public async Task Travels_alone_and_the_connection_is_reset(string sql, object reason)
    {
        var found = await database.ClassOfAsync(sql);

        Assert.Equal((Travel.AloneThenReset, (ClassReason)reason), (found.Travel, found.Reason));
    }

    [Fact]
    public async Task Temporary_tables_are_seen_also_when_they_hide_another()
    {
        await using var connection = await database.OpenAsync("public");
        await using (var create = new Npgsql.NpgsqlCommand("create temp table pgbench_tellers (tid int)", connection))
        {
            await create.ExecuteNonQueryAsync();
        }

        Assert.Equal(ClassReason.TemporaryTable, (await CatalogueFixture.ClassOfAsync(connection, "select * from pgbench_tellers")).Reason);
        Assert.True((await CatalogueFixture.ClassOfAsync(connection, "select * from public.pgbench_tellers")).IsPlain);
    }

    [Theory]
    [InlineData("shadow, public", "select lower('A')", ClassReason.Function)]
    [InlineData("shadow, pg_catalog, public", "select lower('A')", ClassReason.Function)]
    [InlineData("shadow, pg_catalog", "select 1 = 1", ClassReason.Operator)]
    [InlineData("shadow, public", "select aid from pgbench_accounts", ClassReason.Operator)]
    public async Task What_hides_a_builtin_along_the_search_path_is_found(string path, string sql, object reason)
    {
        await using var connection = await database.OpenAsync(path);

        Assert.Equal((ClassReason)reason, (await CatalogueFixture.ClassOfAsync(connection, sql)).Reason);
    }

    [Fact]
    public async Task A_cast_between_builtin_types_that_somebody_made_keeps_everything_alone()
    {
        var source = Npgsql.NpgsqlDataSource.Create(await Postgres.SharedPostgres.CreateDatabaseAsync());
        await using var _ = source;
        await using var connection = await source.OpenConnectionAsync();
        Assert.True((await CatalogueFixture.ClassOfAsync(connection, "select 1")).IsPlain);

        await using var cast = new Npgsql.NpgsqlCommand(
            """
            create function far(date) returns int language sql as 'select 1';
            create cast (date as int) with function far(date) as implicit;
            """,
            connection);
        await cast.ExecuteNonQueryAsync();

        Assert.Equal(ClassReason.UserCast, (await CatalogueFixture.ClassOfAsync(connection, "select 1")).Reason);
    }

    [Fact]
    public async Task An_error_while_asking_leaves_no_transaction_behind()
    {
        await using var connection = await database.OpenAsync("public");
        var bad = CatalogueQuestions.None with { Names = [new CatalogueName(null, "a\0b")] };

        await Assert.ThrowsAnyAsync<Exception>(() => CatalogueQueries.AskAsync(connection, bad, CancellationToken.None));

        await using var command = new Npgsql.NpgsqlCommand("show transaction_isolation", connection);
        Assert.Equal("read committed", await command.ExecuteScalarAsync());
    }

    [Fact]
    public async Task Asking_leaves_the_search_path_and_no_transaction_behind()
    {
        await using var connection = await database.OpenAsync("shadow, pg_catalog");
        await CatalogueFixture.ClassOfAsync(connection, "select 1");

        await using var command = new Npgsql.NpgsqlCommand(
            "select current_setting('search_path') || coalesce(current_setting('broker.schemas', true), '')", connection);
        Assert.Equal("shadow, pg_catalog", await command.ExecuteScalarAsync());
    }

    [Theory]
    [InlineData("select own(1)", "own")]
    [InlineData("select own(1)", "public.own")]
    [InlineData("select * from guarded", "public.guarded")]
    public async Task Trust_widens_by_hand(string sql, string entry) =>
        Assert.True((await database.ClassOfAsync(sql, PackingTrust.In([entry]))).IsPlain);

    [Theory]
    [InlineData("select own(1)", "other.own")]
    [InlineData("select * from guarded_by_code", "own")]
    public async Task Trust_covers_only_what_it_names(string sql, string entry) =>
        Assert.False((await database.ClassOfAsync(sql, PackingTrust.In([entry]))).IsPlain);
}
