using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Broker.Client.Entities;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>Changes of one kind to one table that write the same columns: they go as arrays in one statement.</summary>
internal sealed class Batch(ChangeKind kind, EntityMap map, ColumnSet columns, ColumnSet defaults, EntityChange[] changes)
{
    private ColumnSet? _returned;

    internal ChangeKind Kind => kind;

    internal EntityMap Map => map;

    /// <summary>The columns that are written from the entities.</summary>
    internal ColumnSet Columns => columns;

    /// <summary>The columns that an update gives their default.</summary>
    internal ColumnSet Defaults => defaults;

    internal EntityChange[] Changes => changes;

    /// <summary>Whether the server is to refuse when a row is not there as it was read.</summary>
    internal bool IsGuarded => kind == ChangeKind.Update || (kind == ChangeKind.Delete && (map.Version is not null || !map.Guards.IsEmpty));

    /// <summary>The columns whose values only the server knows.</summary>
    internal ColumnSet Returned => _returned ??= kind switch
    {
        ChangeKind.Insert => map.Written.Except(columns).Or(map.Computed),
        ChangeKind.Update => defaults.Or(map.Computed),
        ChangeKind.Delete => ColumnSet.None,
    };

    /// <summary>The columns that say which row is meant: the key, and what must be as it was read.</summary>
    internal IEnumerable<EntityColumn> Identifying => map.Key.Concat(Guarding);

    /// <summary>What must be as it was read.</summary>
    internal IEnumerable<EntityColumn> Guarding => map.Version is { } version ? map.Guards.Prepend(version.Column) : map.Guards;

    /// <summary>The entities as they are to be.</summary>
    internal object[] Entities => Array.ConvertAll(changes, change => change.Entity);

    /// <summary>The entities as they were read.</summary>
    internal object[] Originals => Array.ConvertAll(changes, change => change.Original);

    /// <summary>The parameters for many rows, in the order of the text: identifying columns, then written ones.</summary>
    internal IEnumerable<Parameter> Many()
    {
        var parameters = new List<Parameter>();
        if (kind != ChangeKind.Insert)
        {
            var originals = Originals;
            parameters.AddRange(Identifying.Select(column => column.Many(originals)));
        }
        if (kind != ChangeKind.Delete)
        {
            var entities = Entities;
            parameters.AddRange(columns.Of(map).Select(column => column.Many(entities)));
        }
        return parameters;
    }

    /// <summary>The parameters for its only row, in the same order.</summary>
    internal ImmutableArray<Parameter> One()
    {
        Parameter[] identifying = kind == ChangeKind.Insert ? [] : [.. Identifying.Select(column => column.One(changes[0].Original))];
        Parameter[] written = kind == ChangeKind.Delete ? [] : Array.ConvertAll(columns.Of(map), column => column.One(changes[0].Entity));
        return ImmutableCollectionsMarshal.AsImmutableArray(identifying.Length == 0 ? written : [.. identifying, .. written]);
    }
}
