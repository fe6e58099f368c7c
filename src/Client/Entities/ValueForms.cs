using System.Reflection;
using System.Text.Json;
using Broker.Client.Parameters;

namespace Broker.Client.Entities;

/// <summary>Which form the values of a .NET type take for a column.</summary>
internal static class ValueForms
{
    private const string Text = "text";

    private static readonly MethodInfo ListMethod = ((Func<ColumnFacts, ValueForm?>)OfList<int[], int>).Method.GetGenericMethodDefinition();
    private static readonly MethodInfo JsonMethod = ((Func<ValueForm>)OfJson<object>).Method.GetGenericMethodDefinition();
    private static readonly MethodInfo RangeMethod = ((Func<ColumnFacts, ValueForm?>)OfRange<int>).Method.GetGenericMethodDefinition();
    private static readonly MethodInfo EnumMethod = ((Func<ColumnFacts, ValueForm?>)OfEnum<DayOfWeek>).Method.GetGenericMethodDefinition();
    private static readonly MethodInfo NullableMethod =
        ((Func<ValueForm<int, int>, ValueForm>)OfNullable).Method.GetGenericMethodDefinition();

    /// <summary>The form of a property's values; null when the type does not fit the column.</summary>
    internal static ValueForm? For(Type type, ColumnFacts column) =>
        Nullable.GetUnderlyingType(type) is { } underlying
            ? For(underlying, column) is { } form
                ? (ValueForm)NullableMethod.MakeGenericMethod([underlying, form.GetType().GetGenericArguments()[1]]).Invoke(null, [form])!
                : null
            : Scalar(type, column) ?? Other(type, column);

    private static ValueForm? Scalar(Type type, ColumnFacts column) => (Type.GetTypeCode(type), column.BaseType) switch
    {
        _ when type.IsEnum => (ValueForm?)EnumMethod.MakeGenericMethod(type).Invoke(null, [column]),
        (TypeCode.Boolean, "boolean") => Plain<bool>("boolean"),
        (TypeCode.Int16, "smallint") => Plain<short>("smallint"),
        (TypeCode.Int32, "integer") => Plain<int>("integer"),
        (TypeCode.Int32, "smallint") => Converted<int, short>("smallint", value => Short(value)),
        (TypeCode.Int64, "bigint") => Plain<long>("bigint"),
        (TypeCode.Int64, "integer") => Converted<long, int>("integer", Integer),
        (TypeCode.Int64, "smallint") => Converted<long, short>("smallint", Short),
        (TypeCode.UInt32, "xid") => Converted<uint, string>(Text, ValueText.Write),
        (TypeCode.Int64, "xid") => Converted<long, string>(Text, ValueText.Write),
        (TypeCode.Single, "real") => Plain<float>("real"),
        (TypeCode.Double, "double precision") => Plain<double>("double precision"),
        (TypeCode.Decimal, "numeric") => Plain<decimal>("numeric"),
        (TypeCode.Decimal, "money") => Converted<decimal, string>(Text, ValueText.Write),
        (TypeCode.Char, "text" or "character varying" or "bpchar") =>
            Converted<char, string>(Text, value => Proofs.Writable(value.ToString(), 0)),
        (TypeCode.String, _) => OfString(column),
        (TypeCode.DateTime, "timestamp with time zone") => Converted<DateTime, DateTime>(column.BaseType, Utc),
        (TypeCode.DateTime, "timestamp without time zone") => Converted<DateTime, DateTime>(column.BaseType, Unspecified),
        _ => null,
    };

    private static ValueForm? Other(Type type, ColumnFacts column) => column.BaseType switch
    {
        "uuid" when type == typeof(Guid) => Plain<Guid>("uuid"),
        "timestamp with time zone" when type == typeof(DateTimeOffset) =>
            Converted<DateTimeOffset, DateTime>(column.BaseType, value => value.UtcDateTime),
        "date" when type == typeof(DateOnly) => Plain<DateOnly>("date"),
        "time without time zone" when type == typeof(TimeOnly) => Plain<TimeOnly>("time without time zone"),
        "interval" when type == typeof(TimeSpan) => Plain<TimeSpan>("interval"),
        "bytea" when type == typeof(byte[]) => new ValueForm<byte[], byte[]>
        {
            WireType = "bytea",
            IsMutable = true,
            Send = value => [.. value],
            Copy = value => [.. value],
            Same = (one, other) => one.AsSpan().SequenceEqual(other),
        },
        "json" or "jsonb" when type == typeof(JsonElement) => OfJsonElement(),
        "json" or "jsonb" when type == typeof(JsonDocument) => new ValueForm<JsonDocument, string>
        {
            WireType = Text,
            Send = value => Proofs.Json(value.RootElement, 0).GetRawText(),
            Same = (one, other) => JsonElement.DeepEquals(one.RootElement, other.RootElement),
        },
        "json" or "jsonb" => (ValueForm?)JsonMethod.MakeGenericMethod(type).Invoke(null, null),
        _ when column.Family == TypeFamily.Range && type.IsGenericType && type.GetGenericTypeDefinition() == typeof(ValueRange<>) =>
            (ValueForm?)RangeMethod.MakeGenericMethod(type.GetGenericArguments()).Invoke(null, [column]),
        _ when column.Family == TypeFamily.Array && ElementOf(type) is { } element =>
            (ValueForm?)ListMethod.MakeGenericMethod(type, element).Invoke(null, [column]),
        _ => null,
    };

    /// <summary>The element of an array of one dimension or a List.</summary>
    internal static Type? ElementOf(Type type) => type.IsSZArray ? type.GetElementType()
        : type.IsGenericType && type.GetGenericTypeDefinition() == typeof(List<>) ? type.GetGenericArguments()[0]
        : null;

    private static ValueForm<T, T> Plain<T>(string wire) where T : notnull => new() { WireType = wire, Send = static value => value };

    private static ValueForm<T, TSent> Converted<T, TSent>(string wire, Func<T, TSent> send) where TSent : notnull =>
        new() { WireType = wire, Send = send };

    // A number is sent as the column has it, so that one too large is named here and not somewhere in a statement of many rows.
    private static short Short(long value) =>
        value is >= short.MinValue and <= short.MaxValue ? (short)value : throw TooLarge(value, "smallint");

    private static int Integer(long value) => value is >= int.MinValue and <= int.MaxValue ? (int)value : throw TooLarge(value, "integer");

    private static UnfitValue TooLarge(long value, string column) => new($"{Shown.Value(value)} is out of range for type {column}");

    private static ValueForm<string, string> OfString(ColumnFacts column)
    {
        var longest = column.BaseType is "character varying" or "bpchar" && column.Modifier >= 4 ? column.Modifier - 4 : int.MaxValue;
        var isPadded = column.BaseType == "bpchar";
        return new()
        {
            WireType = Text,
            // what is too long only by blanks at its end is cut by the server, so that it decides
            Send = value => value.Length <= longest || value.TrimEnd(' ') is var bare && bare.EnumerateRunes().Count() <= longest
                ? Proofs.Writable(value, 0)
                : throw new UnfitValue($"it is longer than {longest} characters"),
            Same = isPadded ? static (one, other) => Bare(one) == Bare(other) : string.Equals,
            InKey = isPadded ? Bare : null,
        };
    }

    // Blanks at the end of such a text mean nothing to the server, which adds them.
    private static string Bare(string padded) => padded.TrimEnd(' ');

    private static DateTime Utc(DateTime value) => value.Kind == DateTimeKind.Utc ? value
        : throw new UnfitValue($"a timestamp with time zone is sent from DateTime of Kind Utc or DateTimeOffset; its Kind is {value.Kind}");

    private static DateTime Unspecified(DateTime value) => value.Kind == DateTimeKind.Unspecified ? value
        : throw new UnfitValue($"a timestamp without time zone is sent from DateTime of Kind Unspecified; its Kind is {value.Kind}");

    private static ValueForm<JsonElement, string> OfJsonElement() => new()
    {
        WireType = Text,
        Send = value => Proofs.Json(value, 0).GetRawText(),
        Same = (one, other) => one.ValueKind == JsonValueKind.Undefined || other.ValueKind == JsonValueKind.Undefined
            ? one.ValueKind == other.ValueKind
            : JsonElement.DeepEquals(one, other),
    };

    private static ValueForm<T, string> OfJson<T>() => new ValueForm<T, string>
    {
        WireType = Text,
        IsMutable = true,
        Send = value => JsonSerializer.Serialize(value),
        Same = (one, other) => JsonSerializer.Serialize(one) == JsonSerializer.Serialize(other),
        Copy = value => JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value))!,
    };

    private static ValueForm<ValueRange<T>, string>? OfRange<T>(ColumnFacts column) where T : struct =>
        column.Family == TypeFamily.Range ? Converted<ValueRange<T>, string>(Text, value => value.ToString()) : null;

    private static ValueForm? OfEnum<TEnum>(ColumnFacts column) where TEnum : struct, Enum => column switch
    {
        { Family: TypeFamily.Enum } or { BaseType: "text" or "character varying" } => Converted<TEnum, string>(Text, EnumNames<TEnum>.Of),
        { BaseType: "smallint" } => Converted<TEnum, short>("smallint", value => Short(Convert.ToInt64(value, null))),
        { BaseType: "integer" } => Converted<TEnum, int>("integer", value => Integer(Convert.ToInt64(value, null))),
        { BaseType: "bigint" } => Converted<TEnum, long>("bigint", value => Convert.ToInt64(value, null)),
        _ => null,
    };

    private static ValueForm<TList, string>? OfList<TList, TElement>(ColumnFacts column) where TList : IEnumerable<TElement>
    {
        if (column.Family != TypeFamily.Array || !typeof(IList<TElement>).IsAssignableFrom(typeof(TList)))
            return null;
        Func<TElement, string?> write = ElementText<TElement>();
        var areBytes = typeof(TElement) == typeof(byte[]);
        var elements = areBytes ? (IEqualityComparer<TElement>)(object)BytesByContent.Instance : EqualityComparer<TElement>.Default;
        TElement CopyOf(TElement element) => areBytes && element is byte[] bytes ? (TElement)(object)bytes.ToArray() : element;
        return new ValueForm<TList, string>
        {
            WireType = Text,
            IsMutable = true,
            Send = value => Proofs.Writable(ValueText.Array(value, write), 0),
            Same = (one, other) => one.SequenceEqual(other, elements),
            Copy = value =>
                typeof(TList).IsArray ? (TList)(object)value.Select(CopyOf).ToArray() : (TList)(object)value.Select(CopyOf).ToList(),
        };
    }

    private static Func<T, string?> ElementText<T>()
    {
        var type = Nullable.GetUnderlyingType(typeof(T)) ?? typeof(T);
        if (!type.IsEnum)
            return static value => value is null ? null : ValueText.Write(value);
        var names = typeof(EnumNames<>).MakeGenericType(type).GetMethod("Of", BindingFlags.NonPublic | BindingFlags.Static)!;
        if (type == typeof(T))
        {
            var name = names.CreateDelegate<Func<T, string>>();
            return value => name(value);
        }
        return value => value is null ? null : (string)names.Invoke(null, [value])!;
    }

    private static ValueForm OfNullable<T, TSent>(ValueForm<T, TSent> form) where T : struct where TSent : notnull =>
        ValueForm<T, TSent>.Nullable(form);
}

/// <summary>Bytes are equal when their content is.</summary>
internal sealed class BytesByContent : IEqualityComparer<byte[]>
{
    internal static BytesByContent Instance { get; } = new();

    public bool Equals(byte[]? x, byte[]? y) => x is null ? y is null : y is not null && x.AsSpan().SequenceEqual(y);

    public int GetHashCode(byte[] obj) => obj.Length;
}
