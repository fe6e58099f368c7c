using System.ComponentModel.DataAnnotations.Schema;
using System.Linq.Expressions;
using System.Reflection;
using System.Runtime.CompilerServices;
using Broker.Client.Parameters;
using Broker.Client.Sending;

namespace Broker.Client.Mapping;

/// <summary>
/// Classes, records and structs take columns by name, ignoring case and underscores, or by [Column]. The constructor with the most
/// parameters that the columns fill is used, then every other settable or init property that a column names. A column that nothing
/// takes is ignored.
/// </summary>
internal static class Members
{
    internal static Expression Read(Type target, RowSource row)
    {
        var nullability = new NullabilityInfoContext();
        var constructor = ConstructorFor(target, row);
        var parameters = constructor?.GetParameters() ?? [];
        Expression made = constructor is null
            ? Expression.New(target)
            : Expression.New(constructor, parameters.Select(parameter => Argument(target, parameter, row, nullability)));
        var bindings = new List<MemberBinding>();
        foreach (var property in target.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.SetMethod is not { IsPublic: true }
                || property.IsDefined(typeof(NotMappedAttribute))
                || property.GetIndexParameters().Length > 0
                || parameters.Any(parameter => Same(parameter.Name, property.Name)))
                continue;
            var index = Find(row, NameOf(property));
            if (index >= 0)
                bindings.Add(Expression.Bind(property,
                    row.Read(index, property.PropertyType, MayBeNull(property.PropertyType, nullability.Create(property)))));
            else if (property.IsDefined(typeof(RequiredMemberAttribute))
                && constructor?.IsDefined(typeof(System.Diagnostics.CodeAnalysis.SetsRequiredMembersAttribute)) != true)
                throw Missing(target, property.Name, row);
        }

        return parameters.Length == 0 && bindings.Count == 0
            ? throw Answers.Mismatch($"none of the columns ({Names(row)}) names a member of {ParameterTypes.NameOf(target)}")
            : bindings.Count == 0 ? made : Expression.MemberInit((NewExpression)made, bindings);
    }

    private static ConstructorInfo? ConstructorFor(Type target, RowSource row)
    {
        ConstructorInfo[] all = [.. target.GetConstructors().OrderByDescending(constructor => constructor.GetParameters().Length)];
        if (all.Length == 0)
            return target.IsValueType ? null : throw Answers.Mismatch($"{ParameterTypes.NameOf(target)} has no public constructor");
        // when none is filled, the shortest names in its refusal what is missing
        return all.FirstOrDefault(constructor => constructor.GetParameters()
            .All(parameter => Find(row, NameOf(parameter)) >= 0 || parameter.HasDefaultValue))
            ?? all[^1];
    }

    private static Expression Argument(Type target, ParameterInfo parameter, RowSource row, NullabilityInfoContext nullability)
    {
        var index = Find(row, NameOf(parameter));
        return index >= 0 ? row.Read(index, parameter.ParameterType, MayBeNull(parameter.ParameterType, nullability.Create(parameter)))
            : !parameter.HasDefaultValue ? throw Missing(target, parameter.Name!, row)
            : parameter.DefaultValue is null ? Expression.Default(parameter.ParameterType)
            : Expression.Convert(Expression.Constant(parameter.DefaultValue), parameter.ParameterType);
    }

    private static bool MayBeNull(Type type, NullabilityInfo nullability) =>
        type.IsValueType ? Nullable.GetUnderlyingType(type) is not null : nullability.WriteState != NullabilityState.NotNull;

    private static int Find(RowSource row, string name)
    {
        for (var i = 0; i < row.Shape.Columns.Length; i++)
            if (Same(row.Shape.Columns[i].Name, name))
                return i;
        return -1;
    }

    private static string NameOf(PropertyInfo property) => property.GetCustomAttribute<ColumnAttribute>()?.Name ?? property.Name;

    /// <summary>[Column] cannot stand on a parameter, so a record's parameter is named by the property it makes.</summary>
    private static string NameOf(ParameterInfo parameter) =>
        parameter.Member.DeclaringType!.GetProperties().FirstOrDefault(property => Same(property.Name, parameter.Name)) is { } property
            ? NameOf(property)
            : parameter.Name!;

    private static bool Same(string? one, string? other) =>
        string.Equals(one?.Replace("_", "", StringComparison.Ordinal), other?.Replace("_", "", StringComparison.Ordinal),
            StringComparison.OrdinalIgnoreCase);

    private static BrokerException Missing(Type target, string member, RowSource row) =>
        Answers.Mismatch($"no column for \"{member}\" of {ParameterTypes.NameOf(target)}; the statement answered {Names(row)}");

    private static string Names(RowSource row) => string.Join(", ", row.Shape.Columns.Select(column => $"\"{column.Name}\""));
}
