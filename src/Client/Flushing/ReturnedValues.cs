using System.Linq.Expressions;
using Broker.Client.Entities;
using Broker.Client.Mapping;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing;

/// <summary>Sets what the server gave for some columns: one row's values into one entity.</summary>
internal delegate void SetReturned(object entity, RowSet rows, int row);

/// <summary>Compiles <see cref="SetReturned"/>, once for each shape of rows.</summary>
internal sealed class ReturnedValues(EntityColumn[] columns, int first)
{
    private Compiled? _last;

    /// <summary>The setter for rows of this shape, in which the columns stand from <c>first</c> on.</summary>
    internal SetReturned For(RowSet rows)
    {
        if (_last is { } last && last.Shape.Fits(rows.Columns))
            return last.Set;
        var shape = RowShape.Of(rows.Columns);
        var compiled = new Compiled(shape, Compile(shape));
        _last = compiled;
        return compiled.Set;
    }

    private SetReturned Compile(RowShape shape)
    {
        var entity = Expression.Parameter(typeof(object), "entity");
        var row = new RowSource(shape);
        var sets = columns.Select((column, i) =>
        {
            var property = column.Property.Property;
            return Accessors.Set(entity, property,
                row.Read(first + i, property.PropertyType, mayBeNull: !property.PropertyType.IsValueType));
        });
        return Expression.Lambda<SetReturned>(Expression.Block(typeof(void), sets), [entity, .. row.Parameters]).Compile();
    }

    private sealed record Compiled(RowShape Shape, SetReturned Set);
}
