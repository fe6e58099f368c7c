namespace Broker.Tests.Statements;

internal static class CatalogueScripts
{
    public const string Ordinary =
        """
        create table pgbench_accounts (aid int primary key, bid int, abalance int, filler char(84));
        create table pgbench_tellers (tid int primary key, bid int, tbalance int, filler char(84));
        create table pgbench_branches (bid int primary key, bbalance int, filler char(88));
        create table pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
        create table customers (id bigserial primary key, name text not null, email text unique check (length(email) < 200),
            data jsonb not null default '{}', since timestamptz not null default now(), key uuid default gen_random_uuid());
        create index on customers (lower(name)) where id > 0;
        create type mood as enum ('sad', 'ok');
        create table orders (id int generated always as identity primary key, customer bigint references customers on delete cascade,
            amount numeric(10, 2), total numeric generated always as (amount * 1.2) stored, state mood default 'ok', tags text[]);
        create view totals as select c.name, sum(o.amount) as total from customers c join orders o on o.customer = c.id group by c.name;
        create materialized view totals_kept as select * from totals;
        create table events (at timestamptz, what text) partition by range (at);
        create table events_all partition of events default;
        create domain amount as numeric check (value >= 0);
        create table payments (id int primary key, paid amount);
        create schema shop;
        create table shop.items (id int primary key, name text);
        """;

    public const string Traps =
        """
        create function touch() returns trigger language plpgsql as $$ begin return new; end $$;
        create function own(int) returns int language sql immutable as 'select $1';
        create function own(text) returns text language sql immutable as 'select $1';
        create function boss() returns int language sql security definer as 'select 1';

        create table guarded (id int, tenant text);
        alter table guarded enable row level security;
        create policy p on guarded using (tenant = current_setting('app.tenant'));
        create table guarded_by_code (id int, tenant text);
        alter table guarded_by_code enable row level security;
        create policy p on guarded_by_code using (own(id) = 1);
        create view over_guarded as select * from guarded;

        create table audited (id int primary key, note text);
        create trigger audit before insert or update or delete on audited for each row execute function touch();
        create view over_audited as select * from audited;
        create table parent (id int primary key);
        create table child (id int references parent on delete cascade);
        create trigger audit before delete on child for each row execute function touch();
        create table parent2 (id int primary key);
        create table child2 (id int references parent2 on update set null, n int check (own(n) > 0));
        create table parts (id int) partition by list (id);
        create table parts_1 partition of parts for values in (1);
        create trigger audit before insert on parts_1 for each row execute function touch();
        create table base (id int);
        create table derived () inherits (base);
        alter table derived add check (own(id) > 0);

        create table ruled (id int);
        create rule r as on insert to ruled do also select 1;
        create table viewed_rule (id int);
        create view ruled_view as select * from viewed_rule;
        create rule r as on insert to ruled_view do instead nothing;
        create view instead as select 1 as id;
        create trigger i instead of insert on instead for each row execute function touch();

        create view calling as select own(aid) from pgbench_accounts;
        create view calling_deep as select * from calling;
        create view setting as select set_config('a.b', 'c', false);
        create view casting as select aid::text::varchar from pgbench_accounts;

        create domain checked as int check (own(value) > 0);
        create table checks (id checked);
        create table array_checks (id checked[]);
        create type pair as (a checked, b int);
        create table pairs (id pair);
        create type plain_pair as (a int, b mood);
        create table plain_pairs (id plain_pair);
        create table defaults (id int, n int default own(1));
        create table setting_default (id int, who text default set_config('a.b', 'c', false));
        create table generated (id int, n int generated always as (own(id)) stored);
        create table indexed (id int);
        create index on indexed (own(id));
        create table partial (id int);
        create index on partial (id) where own(id) > 0;

        create function same(mood, text) returns bool language sql as 'select true';
        create operator public.=== (leftarg = mood, rightarg = text, function = same);
        create table person (first text, last text);
        create function fullname(person) returns text language sql as 'select $1.first';
        create type temperature as enum ('cold', 'hot');
        create function heat(temperature) returns int language sql as 'select 1';
        create cast (temperature as int) with function heat(temperature) as implicit;
        create table weather (at date, t temperature);
        create type spans as range (subtype = int4);
        create table booked (s spans);
        create sequence numbers;

        create function greeting(person) returns varchar language sql as 'select ''x''::varchar';
        create cast (person as varchar) with function greeting(person) as assignment;
        create table people (p person);
        create aggregate total(int) (sfunc = int4pl, stype = int);
        create function place(int) returns int language plpgsql immutable as 'begin return $1; end';
        create table tenants (id int, region text) partition by list (place(id));
        create table tenants_1 partition of tenants for values in (1);
        create table logged (id int) partition by list (id);
        create trigger audit after insert on logged for each row execute function touch();
        create table logged_1 partition of logged for values in (1);
        create table typed_default (id int, n checked default 3);
        create table constraint_trigger (id int);
        create constraint trigger late after insert on constraint_trigger deferrable initially deferred
            for each row execute function touch();

        create extension file_fdw;
        create server files foreign data wrapper file_fdw;
        create foreign table lines (line text) server files options (filename '/etc/hostname');
        create table mixed (id int, line text) partition by list (id);
        create foreign table mixed_1 partition of mixed for values in (1) server files options (filename '/etc/hostname');

        create schema ext;
        create extension citext schema ext;
        create extension "uuid-ossp" schema ext;
        create extension tablefunc schema ext;
        create extension dblink schema ext;
        create table members (email ext.citext primary key, id uuid default ext.uuid_generate_v4());
        create view some_members as select * from members where email = 'a';

        create schema shadow;
        create function shadow.lower(text) returns text language sql as 'select $1';
        create function shadow.equal(int, int) returns bool language sql as 'select true';
        create operator shadow.= (leftarg = int, rightarg = int, function = shadow.equal);
        create view shadow.pgbench_accounts as select own(1) as aid;
        """;
}
