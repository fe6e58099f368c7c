using System.Globalization;
using System.Linq.Expressions;
using System.Reflection;

namespace Broker.Client.Entities;

/// <summary>
/// Compiled readers and writers of properties. Init-only properties, and those without a setter, can be written too: an entity is filled
/// before it is handed out.
/// </summary>
internal static class Accessors
{
    private static readonly MethodInfo SetValueMethod = typeof(FieldInfo)
        .GetMethod(nameof(FieldInfo.SetValue), [typeof(object), typeof(object)])!;

    /// <summary>A shallow copy of any object.</summary>
    internal static Func<object, object> Clone { get; } =
        typeof(object).GetMethod(nameof(MemberwiseClone),
            BindingFlags.Instance | BindingFlags.NonPublic)!.CreateDelegate<Func<object, object>>();

    internal static Func<object, T> Getter<T>(PropertyInfo property)
    {
        var entity = Expression.Parameter(typeof(object), "entity");
        return Expression.Lambda<Func<object, T>>(Expression.Property(Expression.Convert(entity, property.DeclaringType!), property),
            entity).Compile();
    }

    internal static Action<object, T> Setter<T>(PropertyInfo property)
    {
        var entity = Expression.Parameter(typeof(object), "entity");
        var value = Expression.Parameter(typeof(T), "value");
        Expression fitting = typeof(T) == property.PropertyType ? value : Expression.Convert(value, property.PropertyType);
        return Expression.Lambda<Action<object, T>>(Set(entity, property, fitting), entity, value).Compile();
    }

    /// <summary>Sets the property of <paramref name="entity"/>, an object.</summary>
    internal static Expression Set(Expression entity, PropertyInfo property, Expression value) => property.SetMethod is not null
        ? Expression.Assign(Expression.Property(Expression.Convert(entity, property.DeclaringType!), property), value)
        // an expression may not write a readonly field; reflection may
        : Expression.Call(Expression.Constant(BackingFields.Of(property)), SetValueMethod, entity,
            Expression.Convert(value, typeof(object)));

    /// <summary>A value as another type, where nothing is lost.</summary>
    internal static object? Change(object? value, Type type)
    {
        var wanted = Nullable.GetUnderlyingType(type) ?? type;
        return value is null || wanted.IsInstanceOfType(value) ? value
            : wanted.IsEnum ? Enum.ToObject(wanted, value)
            : value is Enum ? Convert.ChangeType(value, wanted, CultureInfo.InvariantCulture)
            : value is IConvertible && !(value is string ^ wanted == typeof(string))
                ? Convert.ChangeType(value, wanted, CultureInfo.InvariantCulture)
            : throw new InvalidCastException($"{value.GetType().Name} is not {wanted.Name}");
    }
}
