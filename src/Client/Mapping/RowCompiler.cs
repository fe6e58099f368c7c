using System.Collections.Immutable;
using System.Linq.Expressions;
using System.Reflection;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Values;
using Broker.Client.Sending;

namespace Broker.Client.Mapping;

/// <summary>
/// Compiles the reader of one type from one shape. A scalar takes the only column; a tuple takes columns by position; any other type
/// takes them by name, through its constructor and its settable properties.
/// </summary>
internal static class RowCompiler
{
    internal static ReadRow<T> Compile<T>(RowShape shape)
    {
        var row = new RowSource(shape);
        var body = ValueTuples.IsTuple(typeof(T)) ? ValueTuples.Read(typeof(T), row)
            : Scalars.IsScalar(typeof(T)) || row.IsOnly(typeof(T)) ? row.Only(typeof(T))
            : Members.Read(typeof(T), row);
        return Expression.Lambda<ReadRow<T>>(body, row.Parameters).Compile();
    }
}

/// <summary>The row being read, as expressions: a column by index, converted to what is wanted of it.</summary>
internal sealed class RowSource
{
    private static readonly PropertyInfo ColumnsProperty = typeof(RowSet).GetProperty(nameof(RowSet.Columns))!;
    private static readonly PropertyInfo Item = typeof(ImmutableArray<Column>).GetProperty("Item")!;
    private static readonly MethodInfo IsNullMethod = typeof(Column).GetMethod(nameof(Column.IsNull))!;
    private static readonly MethodInfo NullFoundMethod = typeof(RowSource)
        .GetMethod(nameof(NullFound), BindingFlags.NonPublic | BindingFlags.Static)!;

    private readonly ParameterExpression _rows = Expression.Parameter(typeof(RowSet), "rows");
    private readonly ParameterExpression _row = Expression.Parameter(typeof(int), "row");

    internal RowSource(RowShape shape) => Shape = shape;

    internal RowShape Shape { get; }

    internal ParameterExpression[] Parameters => [_rows, _row];

    internal bool IsOnly(Type target) => Shape.Columns is [var only] && (only.ElementType == target || Conversions.CanRead(only, target));

    internal Expression Only(Type target) => Shape.Columns.Length == 1
        ? Read(0, target, mayBeNull: !target.IsValueType)
        : throw Answers.Mismatch($"{ParameterTypes.NameOf(target)} is read from one column, the statement answered {Shape.Columns.Length}");

    /// <summary>
    /// The value of a column as <paramref name="target"/>. NULL becomes null where that is allowed, else a mismatch that names the row.
    /// </summary>
    internal Expression Read(int index, Type target, bool mayBeNull)
    {
        var column = Shape.Columns[index];
        var typed = Expression.Convert(Expression.Property(Expression.Property(_rows, ColumnsProperty), Item, Expression.Constant(index)),
            typeof(Column<>).MakeGenericType(column.ElementType));
        var value = Conversions.Convert(Expression.Property(typed, "Item", _row), column, target);
        Expression whenNull = mayBeNull || Nullable.GetUnderlyingType(target) is not null
            ? Expression.Default(target)
            : Expression.Call(NullFoundMethod.MakeGenericMethod(target), Expression.Constant(column.ToString()), _row);
        return Expression.Condition(Expression.Call(typed, IsNullMethod, _row), whenNull, value);
    }

    private static T NullFound<T>(string column, int row) =>
        throw Answers.Mismatch($"{column} is NULL in row {row + 1} and cannot be read as {ParameterTypes.NameOf(typeof(T))}");
}
