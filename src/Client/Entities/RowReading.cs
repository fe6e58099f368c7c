using System.Reflection;
using System.Runtime.CompilerServices;
using Broker.Client.Mapping;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Entities;

/// <summary>The reader of rows for a type known at run time.</summary>
internal static class RowReading
{
    private static readonly MethodInfo ForMethod = typeof(RowReading).GetMethod(nameof(For), BindingFlags.NonPublic | BindingFlags.Static)!;

    internal static Func<RowSet, ReadRow<object>> Of(Type type) =>
        ForMethod.MakeGenericMethod(type).CreateDelegate<Func<RowSet, ReadRow<object>>>();

    private static ReadRow<object> For<T>(RowSet rows) where T : class => RowMapper<T>.For(rows);
}

/// <summary>Whether a property can be set.</summary>
internal static class Settable
{
    /// <summary>Whether nobody can set it once the object is made.</summary>
    internal static bool OnlyWhileMade(PropertyInfo property) =>
        property.SetMethod is not { } setter || setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
}
