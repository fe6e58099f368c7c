namespace Broker.Statements;

/// <summary>
/// The questions as SQL. Everything runs in one read-only transaction whose search_path is pg_catalog alone, so that no
/// function or operator of the caller's schemas is ever run by asking, and stored code is printed with its schemas; the
/// caller's own path is kept in a setting beforehand. Parameters: $1 schemas (null for none), $2 names; or $1 symbols.
/// </summary>
internal static class CatalogueSql
{
    public const string Begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    /// <summary>
    /// To print a view the server locks its tables for a moment: nobody waits for that, who may be waiting for somebody's migration.
    /// </summary>
    public const string KeepPath =
        """
        SELECT pg_catalog.set_config('broker.schemas', CAST(pg_catalog.current_schemas(true) AS pg_catalog.text), true),
            pg_catalog.set_config('lock_timeout', '20', true)
        """;

    public const string SystemPath = "SET LOCAL search_path = pg_catalog, pg_temp";

    public const string Commit = "COMMIT";

    public const string Rollback = "ROLLBACK";

    private const string Asked =
        """
        with schemas as materialized (
            select s.name, s.place from unnest(current_setting('broker.schemas')::name[]) with ordinality as s(name, place)),
        asked as materialized (
            select a.schema, a.name::name as name, a.place from unnest($1::text[], $2::text[]) with ordinality as a(schema, name, place))
        """;

    private const string InPath = "(n.nspname = a.schema or (a.schema is null and s.place is not null))";

    public const string Functions =
        Asked +
        $"""

        select a.place::int, n.nspname, p.proname, p.provolatile, p.oid >= 16384,
            p.pronargs >= 1 and p.pronargs - p.pronargdefaults <= 1 and not 'internal'::regtype = any (p.proargtypes),
            (select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
             where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e')
        from asked a join pg_proc p on p.proname = a.name join pg_namespace n on n.oid = p.pronamespace
            left join schemas s on s.name = n.nspname
        where {InPath}
        """;

    /// <summary>
    /// The functions, not the server's own, that the object of columns classid and objid of x depends on, as JSON pairs;
    /// those behind operators that are not the server's own included.
    /// </summary>
    private const string Dependencies =
        """
        (select coalesce(json_agg(json_build_array(pn.nspname, p.proname)), '[]')
         from pg_depend d left join pg_operator o on d.refclassid = 'pg_operator'::regclass and o.oid = d.refobjid
            join pg_proc p on p.oid = o.oprcode or (d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid)
            join pg_namespace pn on pn.oid = p.pronamespace
         where d.classid = x.classid and d.objid = x.objid and d.refobjid >= 16384)
        """;

    private const string CodeOf =
        "select json_agg(json_build_object('kind', x.kind, 'text', x.text, 'functions', " + Dependencies
            + ")) from code x where x.text is not null";

    /// <summary>The oid of the element for an array type t0, of the type itself for others.</summary>
    private const string Element = "case when t0.typcategory = 'A' and t0.typelem <> 0 then t0.typelem else t0.oid end";

    public const string Relations =
        Asked +
        $"""
        ,
        found as materialized (
            select distinct on (a.place) a.place, n.nspname, c.oid, c.relname, c.relpersistence,
                case when c.relam >= 16384 then 'x'::"char" else c.relkind end as relkind, c.relrowsecurity, c.reltype
            from asked a join pg_class c on c.relname = a.name join pg_namespace n on n.oid = c.relnamespace
                left join schemas s on s.name = n.nspname
            where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and {InPath}
            order by a.place, s.place),
        code as materialized (
            select f.oid as relation, 'expression' as kind, pg_get_expr(d.adbin, d.adrelid) as text,
                'pg_attrdef'::regclass as classid, d.oid as objid
            from found f join pg_attrdef d on d.adrelid = f.oid
            union all
            select f.oid, 'expression', pg_get_expr(k.conbin, k.conrelid), 'pg_constraint'::regclass, k.oid
            from found f join pg_constraint k on k.conrelid = f.oid where k.contype = 'c'
            union all
            select f.oid, 'expression', e.text, 'pg_class'::regclass, i.indexrelid
            from found f join pg_index i on i.indrelid = f.oid
                cross join lateral (values (pg_get_expr(i.indexprs, i.indrelid)), (pg_get_expr(i.indpred, i.indrelid))) as e(text)
            union all
            select f.oid, 'expression', pg_get_expr(p.partexprs, p.partrelid), 'pg_class'::regclass, f.oid
            from found f join pg_partitioned_table p on p.partrelid = f.oid
            union all
            select f.oid, 'expression', pg_get_partition_constraintdef(f.oid), 'pg_class'::regclass, f.oid
            from found f
            union all
            select f.oid, 'policy', e.text, 'pg_policy'::regclass, p.oid
            from found f join pg_policy p on p.polrelid = f.oid
                cross join lateral (values (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) as e(text)
            union all
            select f.oid, 'view', pg_get_viewdef(f.oid), 'pg_rewrite'::regclass, r.oid
            from found f join pg_rewrite r on r.ev_class = f.oid where f.relkind = 'v' and r.ev_type = '1')
        select f.place::int, f.nspname, f.relname, f.relkind, f.relpersistence = 't', f.relrowsecurity,
            (select json_agg(t.tgname) from pg_trigger t where t.tgrelid = f.oid
                  and (not t.tgisinternal or t.tgfoid >= 16384))::text,
            (select json_agg(r.rulename) from pg_rewrite r where r.ev_class = f.oid and r.ev_type <> '1')::text,
            ({CodeOf} and x.relation = f.oid)::text,
            (select json_agg(distinct jsonb_build_array(tn.nspname, t.typname))
             from pg_attribute c join pg_type t0 on t0.oid = c.atttypid join pg_type t on t.oid = {Element}
                join pg_namespace tn on tn.oid = t.typnamespace
             where c.attrelid = f.oid and c.attnum > 0 and not c.attisdropped and t.oid >= 16384)::text,
            (select json_agg(json_build_array(cn.nspname, c.relname))
             from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace cn on cn.oid = c.relnamespace
             where i.inhparent = f.oid and c.relkind in ('r', 'p', 'f'))::text,
            (select json_agg(json_build_array(cn.nspname, c.relname))
             from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace cn on cn.oid = c.relnamespace
             where k.confrelid = f.oid and k.contype = 'f'
                 and (k.confdeltype in ('c', 'n', 'd') or k.confupdtype in ('c', 'n', 'd')))::text,
            (select json_agg(json_build_array(pn.nspname, p.proname))
             from pg_type t join pg_cast k on k.castsource in (t.oid, t.typarray) or k.casttarget in (t.oid, t.typarray)
                join pg_proc p on p.oid = k.castfunc join pg_namespace pn on pn.oid = p.pronamespace
             where t.oid = f.reltype and p.oid >= 16384 and p.prolang <> 12)::text,
            (select json_agg(o.opcname) from pg_index i
                cross join lateral unnest(i.indclass) as u(class) join pg_opclass o on o.oid = u.class
                  where i.indrelid = f.oid and o.oid >= 16384 and not exists (
                      select from pg_depend d where d.classid = 'pg_opclass'::regclass and d.objid = o.oid and d.deptype = 'e'))::text
        from found f
        """;

    public const string Types =
        Asked +
        $"""
        ,
        named as materialized (
            select distinct on (a.place) a.place, {Element} as oid
            from asked a join pg_type t0 on t0.typname = a.name join pg_namespace n on n.oid = t0.typnamespace
                left join schemas s on s.name = n.nspname
            where {InPath}
            order by a.place, s.place),
        found as materialized (
            select f.place, n.nspname, t.oid, t.typname, t.typtype, t.typarray, t.typrelid, t.typbasetype, t.typdefaultbin
            from named f join pg_type t on t.oid = f.oid join pg_namespace n on n.oid = t.typnamespace
            where t.oid >= 16384),
        code as materialized (
            select f.oid as type, 'check' as kind, pg_get_expr(k.conbin, 0) as text, 'pg_constraint'::regclass as classid, k.oid as objid
            from found f join pg_constraint k on k.contypid = f.oid where k.contype = 'c'
            union all
            select f.oid, 'check', pg_get_expr(f.typdefaultbin, 0), 'pg_type'::regclass, f.oid from found f)
        select f.place::int, f.nspname, f.typname, f.typtype,
            (select e.extname from pg_depend d join pg_extension e on e.oid = d.refobjid
             where d.classid = 'pg_type'::regclass and d.objid = f.oid and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'),
            (select json_agg(distinct jsonb_build_array(tn.nspname, t.typname))
             from (select f.typbasetype as oid
                   union all select c.atttypid from pg_attribute c where c.attrelid = f.typrelid and c.attnum > 0 and not c.attisdropped
                   union all
                   select r.rngsubtype from pg_range r where f.oid in (r.rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid)) as part
                join pg_type t0 on t0.oid = part.oid join pg_type t on t.oid = {Element} join pg_namespace tn on tn.oid = t.typnamespace
             where t.oid >= 16384)::text,
            (select json_agg(json_build_array(pn.nspname, p.proname))
             from (select k.castfunc as oid from pg_cast k
                   where k.castsource in (f.oid, f.typarray) or k.casttarget in (f.oid, f.typarray)
                   union all select unnest(array[r.rngcanonical::oid, r.rngsubdiff::oid]) from pg_range r
                   where f.oid in (r.rngtypid, (to_jsonb(r) ->> 'rngmultitypid')::oid)) as used
                join pg_proc p on p.oid = used.oid join pg_namespace pn on pn.oid = p.pronamespace
             where p.oid >= 16384 and p.prolang <> 12)::text, -- 12 is C code of the server itself, as for the casts of every range
            ({CodeOf} and x.type = f.oid)::text
        from found f
        """;

    public const string Operators =
        """
        select a.place::int, fn.nspname, p.proname
        from unnest($1::text[]) with ordinality as a(symbol, place) join pg_operator o on o.oprname = a.symbol::name
            join pg_namespace n on n.oid = o.oprnamespace and n.nspname = any (current_setting('broker.schemas')::name[])
            join pg_proc p on p.oid in (o.oprcode, o.oprrest, o.oprjoin) join pg_namespace fn on fn.oid = p.pronamespace
        where o.oid >= 16384 and (p.oid = o.oprcode or p.oid >= 16384)
        """;

    public const string BuiltInCasts =
        """
        select n.nspname, p.proname
        from pg_cast k join pg_proc p on p.oid = k.castfunc join pg_namespace n on n.oid = p.pronamespace
        where k.oid >= 16384 and k.castsource < 16384 and k.casttarget < 16384
        """;

    public const string PoolDefaults =
        """
        SELECT pg_catalog.current_setting('default_transaction_isolation'), pg_catalog.current_setting('default_transaction_deferrable'),
            pg_catalog.current_setting('default_transaction_read_only'), pg_catalog.current_setting('client_encoding'),
            pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.pg_is_in_recovery(),
            CAST((SELECT s.setting FROM pg_catalog.pg_settings s WHERE s.name OPERATOR(pg_catalog.=) 'deadlock_timeout') AS pg_catalog.int4)
        """;
}
