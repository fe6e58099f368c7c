using Broker.Client.Flushing;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>Texts that read rows of one entity type.</summary>
internal static class SelectTexts
{
    internal static Statement One(EntityMap map, EntityKey key, string suffix)
    {
        var text = (string)map.Texts.GetOrAdd(new(FlushTextKind.Select, default, default), static (_, map) => Make(map), map);
        return new(suffix.Length == 0 ? text : $"{text} {suffix}", key.Parameters);
    }

    /// <summary>The select list: each column by a name that its property is found by.</summary>
    internal static string List(EntityMap map, string from) =>
        string.Join(", ", map.Columns.Select(column => $"{from}{column.Quoted}{ReadCast(column)} AS {SqlName.Quote(Alias(column))}"));

    /// <summary>What makes a value readable that would not arrive as anything the client knows.</summary>
    internal static string ReadCast(EntityColumn column) => column.Facts switch
    {
        { BaseType: "text" or "character varying" or "bpchar" or "json" or "jsonb" } => "",
        { Family: TypeFamily.Array } => column.ReadsEnums ? "::text[]" : "",
        { BaseType: "money" } => "::numeric",
        _ when column.Property.Property.PropertyType == typeof(string) => "::text",
        { Family: TypeFamily.Enum or TypeFamily.Range or TypeFamily.Other } => "::text",
        _ => "",
    };

    private static string Alias(EntityColumn column) =>
        column.Facts.BaseType == "xid" ? NamingConvention.Snake(column.Property.Name) : column.Facts.Name;

    private static string Make(EntityMap map) =>
        $"SELECT {List(map, "")} FROM {map.Table.Quoted} WHERE "
            + $"{string.Join(" AND ", map.Key.Select((column, i) => $"{column.Quoted} = ${i + 1}{column.Cast}"))}";
}
