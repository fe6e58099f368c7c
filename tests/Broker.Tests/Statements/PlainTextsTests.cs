using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class PlainTextsTests(CatalogueFixture database) : IClassFixture<CatalogueFixture>
{
    [Theory]
    [InlineData("SELECT abalance FROM pgbench_accounts WHERE aid = $1")]
    [InlineData("SELECT abalance FROM pgbench_accounts WHERE aid = 12345;")]
    [InlineData(
        "select c.name, o.amount from customers c left join orders o on o.customer = c.id where c.id in ($1, $2) order by 1 limit 10")]
    [InlineData("select count(*), sum(amount), max(o.id), string_agg(name, ',' order by name) from orders o join customers c on c.id = o.customer group by customer having count(*) > 1")]
    [InlineData("with recent as materialized (select * from orders where amount > $1) select coalesce(max(amount), 0) from recent")]
    [InlineData("with recursive r(n) as (values (1) union all select n + 1 from r where n < 10) select n from r")]
    [InlineData(
        "select row_number() over (partition by customer order by id), lag(amount, 1) over w from orders window w as (order by id)")]
    [InlineData("select data -> 'a' ->> 'b', data @> $1::jsonb, data ? 'x', jsonb_array_elements(data -> 'list') from customers")]
    [InlineData("select extract(year from since), since at time zone 'UTC', date_trunc('day', since) from customers where name like $1 || '%' and since between $2 and now()")]
    [InlineData("select case when amount > 1 then cast(amount as int) else nullif(1, 2) end, tags[1], greatest(1, 2) from orders where $1 = any(tags) and state = 'ok'::mood")]
    [InlineData("select substring(name from 1 for 2), trim(both ' ' from name), position('a' in name), overlay(name placing 'x' from 1) from customers")]
    [InlineData("select * from totals")]
    [InlineData("select * from totals_kept")]
    [InlineData("select * from events where at > $1")]
    [InlineData("select paid + 1 from payments where id = 1")]
    [InlineData("select * from plain_pairs")]
    [InlineData("select xmin, * from customers where id = $1")]
    [InlineData("select 1")]
    [InlineData("values (1, 'a'), (2, 'b')")]
    [InlineData("table customers")]
    [InlineData("select * from \"customers\" as \"C\" where \"C\".\"name\" = E'it\\'s'")]
    [InlineData("select * from shop.items i where exists (select from generate_series(1, 3) g(n) where g.n = i.id)")]
    [InlineData("select * from unnest($1::int[], $2::text[]) as u(a, b)")]
    [InlineData("select id from orders union all (select id from customers) except select 1")]
    [InlineData(
        "select interval '1 day', date '2020-01-01', timestamp with time zone '2020-01-01 00:00', 1::numeric(10, 2), 'x'::varchar(3)")]
    [InlineData("select relname from pg_catalog.pg_class where oid = 'customers'::regclass")]
    [InlineData("select current_setting('app.tenant', true)")]
    [InlineData("select * from audited where id = 1")]
    [InlineData("select * from indexed")]
    [InlineData("select * from pgbench_accounts tablesample_alias")]
    [InlineData("select max(email), lower(email) from members where email = $1 or email like 'a%'")]
    [InlineData("select ext.regexp_replace(email, 'a', 'b') from some_members")]
    [InlineData("select * from booked where s is not null")]
    [InlineData("select * from tenants where id = 1")]
    public async Task Ordinary_reads_travel_in_groups(string sql) =>
        Assert.Equal(StatementClass.PlainRead, await database.ClassOfAsync(sql));

    [Theory]
    [InlineData("UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2")]
    [InlineData("UPDATE pgbench_tellers SET tbalance = tbalance + -1505 WHERE tid = 3;")]
    [InlineData("UPDATE pgbench_branches SET bbalance = bbalance + $1 WHERE bid = $2;")]
    [InlineData("INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP);")]
    [InlineData("insert into customers (name, email) values ($1, $2) returning id, since")]
    [InlineData("insert into customers (id, name, key) values (nextval('customers_id_seq'), $1, gen_random_uuid())")]
    [InlineData("insert into customers (name, email) values ($1, $2) on conflict (email) do update set name = excluded.name, since = clock_timestamp() where customers.name <> excluded.name returning *")]
    [InlineData("insert into orders (customer, amount, state) select id, 1, 'sad' from customers where name = $1")]
    [InlineData("insert into orders (customer) values ($1), ($2) on conflict do nothing")]
    [InlineData("update orders o set amount = c.id, tags = tags || $1 from customers c where c.id = o.customer and lower(c.name) = $2 returning o.*")]
    [InlineData("delete from customers using orders where orders.customer = customers.id and orders.amount is null")]
    [InlineData("with old as (select id from orders order by id limit 1) delete from orders where id in (select id from old)")]
    [InlineData("merge into orders o using customers c on o.customer = c.id when matched and c.name = 'x' then delete when matched then update set amount = 1 when not matched then insert (customer) values (c.id)")]
    [InlineData("insert into events values (now(), $1)")]
    [InlineData("insert into payments values (1, $1)")]
    [InlineData("insert into shop.items select id, note from audited")]
    [InlineData("insert into members (email) values ($1) on conflict (email) do nothing")]
    [InlineData("insert into booked values ('[1,2)')")]
    [InlineData("""
        with input as materialized (select nextval('customers_id_seq') as k, u.* from unnest($1::text[], $2::text[]) with ordinality as u(name, email, ord)),
            written as (insert into customers (id, name, email) select k, name, email from input returning id, since)
        select input.ord, written.id, written.since from written join input on input.k = written.id
        """)]
    [InlineData("""
        with input as materialized (select * from unnest($1::int8[], $2::numeric[], $3::text[]) with ordinality as u(id, amount, state, ord)),
            written as (update orders as t set amount = input.amount, state = input.state::mood from input where t.id = input.id returning input.ord),
            guard as (select case when (select count(*) from written) < (select count(*) from input)
                then ('broker stale ' || (select string_agg(input.ord::text, ',' order by input.ord) from input where ord not in (select ord from written)))::int8 end as stale)
        select ord, stale from written, guard
        """)]
    [InlineData("with gone as (delete from orders t using unnest($1::int[]) as u(id) where t.id = u.id returning t.id) select coalesce(array_agg(id), '{}'::int[]), count(*) from gone")]
    [InlineData("with c as (insert into customers (name) values ($1) returning id) insert into orders (customer, amount) select id, $2 from c returning id, now(), gen_random_uuid()")]
    public async Task Ordinary_writes_travel_in_groups(string sql) =>
        Assert.Equal(StatementClass.PlainWrite, await database.ClassOfAsync(sql));
}
