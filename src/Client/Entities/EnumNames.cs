using System.Collections.Frozen;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Runtime.Serialization;
using Broker.Client.Parameters;
using Broker.Client.Sending;

namespace Broker.Client.Entities;

/// <summary>
/// What the values of an enum are called in the database: by [EnumMember] or [Display(Name)], else their name in snake_case.
/// </summary>
internal static class EnumNames<TEnum> where TEnum : struct, Enum
{
    private static readonly FrozenDictionary<TEnum, string> Names = typeof(TEnum).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (Value: (TEnum)field.GetValue(null)!, Name: NameOf(field))).DistinctBy(one => one.Value)
            .ToFrozenDictionary(one => one.Value, one => one.Name);

    private static readonly FrozenDictionary<string, TEnum> Values = typeof(TEnum).GetFields(BindingFlags.Public | BindingFlags.Static)
        .DistinctBy(NameOf).ToFrozenDictionary(NameOf, field => (TEnum)field.GetValue(null)!);

    internal static string Of(TEnum value) =>
        Names.TryGetValue(value, out var name) ? name : throw new UnfitValue($"{value} has no name in {typeof(TEnum).Name}");

    /// <summary>The value of that name. In a text column the .NET name is understood too.</summary>
    internal static TEnum Read(string name, string column) =>
        Values.TryGetValue(name, out var value) || Enum.TryParse(name, out value) ? value
        : throw Answers.Mismatch($"{column} is {name}, which {ParameterTypes.NameOf(typeof(TEnum))} has no value for");

    private static string NameOf(FieldInfo field) =>
        field.GetCustomAttribute<EnumMemberAttribute>()?.Value ?? field.GetCustomAttribute<DisplayAttribute>()?.Name
        ?? NamingConvention.Snake(field.Name);
}
