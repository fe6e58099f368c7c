using System.Collections.Immutable;
using System.Text.Json;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>The one question to the server's catalogue, and its answer.</summary>
internal static class TableQuery
{
    // A cast to `character` would be one to character(1): a modifier of -1, unlike none, makes it bpchar.
    private const string Text = """
        select jsonb_build_object(
          'schema', n.nspname, 'name', c.relname, 'security', c.relrowsecurity, 'behind', c.relkind <> 'r',
          'changes', c.relkind = 'v' or exists (select from pg_rewrite r where r.ev_class = c.oid and r.ev_type in ('2', '3'))
            or exists (select from pg_trigger g
                where g.tgrelid = c.oid and not g.tgisinternal and (g.tgtype & 4) <> 0 and (g.tgtype & 66) <> 0),
          'columns', (select coalesce(jsonb_agg(jsonb_build_object(
              'name', a.attname,
              'type', case when tn.nspname = 'pg_catalog' then format_type(t.oid, -1)
                  else quote_ident(tn.nspname) || '.' || quote_ident(t.typname) end,
              'base', case when t.typtype = 'd' then format_type(t.typbasetype, -1)
                  when tn.nspname = 'pg_catalog' then format_type(t.oid, -1)
                else quote_ident(tn.nspname) || '.' || quote_ident(t.typname) end,
              'family', case when b.typcategory = 'A' then 'A' else b.typtype::text end,
              'notNull', a.attnotnull, 'modifier', case when t.typtype = 'd' then t.typtypmod else a.atttypmod end,
              'loose', b.typname = 'citext'
                  or exists (select from pg_collation l where l.oid = a.attcollation and not l.collisdeterministic),
              'identity', a.attidentity <> '', 'computed', a.attgenerated <> '',
              'default', case when a.attgenerated <> '' then null
                  when s.name is not null and (a.attidentity <> '' or pg_get_expr(d.adbin, d.adrelid) like 'nextval(%')
                then 'nextval(' || quote_literal(s.name) || '::regclass)' else pg_get_expr(d.adbin, d.adrelid) end,
              'draw', s.name is null or has_sequence_privilege(s.name, 'USAGE')) order by a.attnum), '[]')
            from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_namespace tn on tn.oid = t.typnamespace
              join pg_type b on b.oid = case when t.typtype = 'd' then t.typbasetype else t.oid end
              left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
              cross join lateral (
                  select pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname) as name) s
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped),
          'unique', (select coalesce(jsonb_agg(jsonb_build_object('name', i.relname, 'primary', x.indisprimary, 'immediate', x.indimmediate,
              'columns', (select jsonb_agg(a.attname order by k.place) from unnest(x.indkey::int2[]) with ordinality k(number, place)
                join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number where k.place <= x.indnkeyatts))), '[]')
            from pg_index x join pg_class i on i.oid = x.indexrelid
            where x.indrelid = c.oid and x.indisunique and x.indisvalid and x.indpred is null and x.indexprs is null),
          'foreign', (select coalesce(jsonb_agg(jsonb_build_object('name', f.conname, 'table', rn.nspname || '.' || r.relname,
              'columns', (select jsonb_agg(a.attname order by k.place) from unnest(f.conkey) with ordinality k(number, place)
                join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number),
              'referenced', (select jsonb_agg(a.attname order by k.place) from unnest(f.confkey) with ordinality k(number, place)
                join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.number))), '[]')
            from pg_constraint f join pg_class r on r.oid = f.confrelid join pg_namespace rn on rn.oid = r.relnamespace
            where f.conrelid = c.oid and f.contype = 'f'),
          'referencing', (select coalesce(jsonb_agg(jsonb_build_object('name', f.conname, 'table', rn.nspname || '.' || r.relname,
              'delete', f.confdeltype::text, 'update', f.confupdtype::text)), '[]')
            from pg_constraint f join pg_class r on r.oid = f.conrelid join pg_namespace rn on rn.oid = r.relnamespace
            where f.confrelid = c.oid and f.contype = 'f' and f.conparentid = 0)
        )::text as facts
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'f') and c.relname = any ($1)
            and (case when $2::text is null then pg_table_is_visible(c.oid) else n.nspname = $2 end)
        order by c.relname
        """;

    /// <summary>Asks for all tables that an entity type may mean.</summary>
    internal static Statement For(EntityType type) =>
        new(Text, [new Parameter<string[]>([.. type.TableNames]),
            type.Schema is null ? Parameter.Null<string>() : new Parameter<string>(type.Schema)]);

    /// <summary>The tables that the server knows.</summary>
    internal static ImmutableArray<TableFacts> Read(RowSet rows)
    {
        var facts = ImmutableArray.CreateBuilder<TableFacts>(rows.Count);
        for (var row = 0; row < rows.Count; row++)
        {
            using var document = JsonDocument.Parse(((Column<string>)rows.Columns[0])[row]);
            facts.Add(Table(document.RootElement));
        }
        return facts.MoveToImmutable();
    }

    private static TableFacts Table(JsonElement table)
    {
        var unique = table.GetProperty("unique").EnumerateArray().ToArray();
        return new(Word(table, "schema"), Word(table, "name"), [.. table.GetProperty("columns").EnumerateArray().Select(Column)])
        {
            ChangesInserts = table.GetProperty("changes").GetBoolean(),
            HasOthersBehind = table.GetProperty("behind").GetBoolean(),
            RowSecurity = table.GetProperty("security").GetBoolean(),
            UniqueKeys = [.. unique
                .Select(key => new UniqueKey(Word(key, "name"), Words(key, "columns"), key.GetProperty("immediate").GetBoolean()))],
            PrimaryKey = unique.Where(key => key.GetProperty("primary").GetBoolean()).Select(key => Words(key, "columns"))
                .FirstOrDefault([]),
            ForeignKeys = [.. table.GetProperty("foreign").EnumerateArray()
                .Select(key =>
                    new ForeignKeyFacts(Word(key, "name"), Words(key, "columns"), Word(key, "table"), Words(key, "referenced")))],
            ReferencedBy = [.. table.GetProperty("referencing").EnumerateArray()
                .Select(key =>
                    new ReferenceFacts(Word(key, "name"), Word(key, "table"), Action(Word(key, "delete")), Action(Word(key, "update"))))],
        };
    }

    private static ColumnFacts Column(JsonElement column) => new(Word(column, "name"), Word(column, "type"), Word(column, "base"))
    {
        Family = Word(column, "family") switch
        {
            "A" => TypeFamily.Array,
            "b" => TypeFamily.Base,
            "e" => TypeFamily.Enum,
            "r" => TypeFamily.Range,
            _ => TypeFamily.Other,
        },
        NotNull = column.GetProperty("notNull").GetBoolean(),
        Default = column.GetProperty("default").GetString(),
        CanDraw = column.GetProperty("draw").GetBoolean(),
        ComparesLoosely = column.GetProperty("loose").GetBoolean(),
        IsIdentity = column.GetProperty("identity").GetBoolean(),
        IsComputed = column.GetProperty("computed").GetBoolean(),
        Modifier = column.GetProperty("modifier").GetInt32(),
    };

    private static ReferenceAction Action(string letter) => letter switch
    {
        "a" => ReferenceAction.NoAction,
        "r" => ReferenceAction.Restrict,
        "c" => ReferenceAction.Cascade,
        _ => ReferenceAction.Reset,
    };

    private static string Word(JsonElement element, string name) => element.GetProperty(name).GetString()!;

    private static ImmutableArray<string> Words(JsonElement element, string name) =>
        [.. element.GetProperty(name).EnumerateArray().Select(word => word.GetString()!)];
}
