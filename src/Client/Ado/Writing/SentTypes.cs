using System.Collections.Frozen;
using System.Data;
using System.Globalization;
using System.Numerics;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Writing;

/// <summary>How values are sent, with a <see cref="DbType"/> or without: as Npgsql does, as far as the protocol has the types.</summary>
internal static class SentTypes
{
    private static readonly FrozenDictionary<Type, DbType> Inferred = new Dictionary<Type, DbType>
    {
        [typeof(bool)] = DbType.Boolean, [typeof(byte)] = DbType.Int16, [typeof(sbyte)] = DbType.Int16, [typeof(short)] = DbType.Int16,
        [typeof(int)] = DbType.Int32, [typeof(long)] = DbType.Int64, [typeof(float)] = DbType.Single, [typeof(double)] = DbType.Double,
        [typeof(decimal)] = DbType.Decimal,
        [typeof(string)] = DbType.String, [typeof(char)] = DbType.String, [typeof(char[])] = DbType.String, [typeof(Guid)] = DbType.Guid,
        [typeof(byte[])] = DbType.Binary, [typeof(ReadOnlyMemory<byte>)] = DbType.Binary, [typeof(DateOnly)] = DbType.Date,
        [typeof(TimeOnly)] = DbType.Time,
        [typeof(DateTimeOffset)] = DbType.DateTime,
    }.ToFrozenDictionary();

    /// <summary>The type of a value of which nobody has said it; <see cref="DbType.Object"/> for those that have no name there.</summary>
    internal static DbType Infer(object? value) =>
        value is DateTime time ? time.Kind == DateTimeKind.Utc ? DbType.DateTime : DbType.DateTime2
        : value is not null && Inferred.TryGetValue(value.GetType(), out var type) ? type
        : DbType.Object;

    /// <summary>The type of values of a declared type.</summary>
    internal static DbType Infer(Type type) =>
        Nullable.GetUnderlyingType(type) is { } underlying ? Infer(underlying)
        : type == typeof(DateTime) ? DbType.DateTime2
        : Inferred.GetValueOrDefault(type, DbType.Object);

    /// <summary>Whether values of a type can be sent at all.</summary>
    internal static bool IsKnown(DbType type) => type is DbType.Object || Targets.ContainsKey(type);

    /// <summary>A value by its own type. Refused (<c>ParameterRefused</c>) when the protocol has none for it.</summary>
    internal static SentValue Of(object? value, int position) => value switch
    {
        null or DBNull => SentValue.UntypedNull,
        byte small => new(new Parameter<short>(small)),
        sbyte small => new(new Parameter<short>(small)),
        // Npgsql sends it as a timestamp of what its clock shows.
        DateTime { Kind: DateTimeKind.Local } local => new(new Parameter<DateTime>(DateTime.SpecifyKind(local, DateTimeKind.Unspecified))),
        char[] letters => new(ParameterCapture<string>.Capture(new(letters), position)),
        _ => new(ParameterCapture.Capture(value, position)),
    };

    /// <summary>A value as the type that its user gave it. Refused (<c>ParameterRefused</c>) when it is none of that type.</summary>
    internal static SentValue Of(DbType type, object? value, int position) =>
        type == DbType.Object ? Of(value, position) : Targets[type](value is DBNull ? null : value, position);

    private static readonly FrozenDictionary<DbType, Func<object?, int, SentValue>> Targets =
        new Dictionary<DbType, Func<object?, int, SentValue>>
    {
        [DbType.Boolean] = static (value, position) => Same<bool>(value, position),
        [DbType.SByte] = Number<short>,
        [DbType.Byte] = Number<short>,
        [DbType.Int16] = Number<short>,
        [DbType.Int32] = Number<int>,
        [DbType.Int64] = Number<long>,
        [DbType.Single] = Number<float>,
        [DbType.Double] = Number<double>,
        [DbType.Decimal] = Number<decimal>,
        [DbType.VarNumeric] = Number<decimal>,
        [DbType.Currency] = static (value, position) => Number<decimal>(value, position) with { Cast = "money" },
        [DbType.Guid] = static (value, position) => Same<Guid>(value, position),
        [DbType.Binary] = static (value, position) =>
            Same<byte[]>(value is ReadOnlyMemory<byte> memory ? memory.ToArray() : value, position),
        [DbType.String] = Text,
        [DbType.StringFixedLength] = Text,
        [DbType.AnsiString] = Text,
        [DbType.AnsiStringFixedLength] = Text,
        [DbType.Xml] = static (value, position) => Text(value, position) with { Cast = "xml" },
        [DbType.Date] = static (value, position) => Same<DateOnly>(value is DateTime time ? DateOnly.FromDateTime(time) : value, position),
        [DbType.Time] = static (value, position) => Same<TimeOnly>(value is TimeSpan span ? TimeOfDay(span, position) : value, position),
        [DbType.DateTime] = Instant,
        [DbType.DateTimeOffset] = Instant,
        [DbType.DateTime2] = LocalTime,
    }.ToFrozenDictionary();

    private static SentValue Same<T>(object? value, int position) where T : notnull => new(value switch
    {
        null => Parameter.Null<T>(),
        T same => ParameterCapture<T>.Capture(same, position),
        _ => throw Refuse(value, position, ParameterTypes.NameOf(typeof(T))),
    });

    private static SentValue Number<T>(object? value, int position) where T : struct, INumber<T>
    {
        try
        {
            return new(value switch
            {
                null => Parameter.Null<T>(),
                T same => new Parameter<T>(same),
                int number => new Parameter<T>(T.CreateChecked(number)),
                long number => new Parameter<T>(T.CreateChecked(number)),
                short number => new Parameter<T>(T.CreateChecked(number)),
                byte number => new Parameter<T>(T.CreateChecked(number)),
                sbyte number => new Parameter<T>(T.CreateChecked(number)),
                decimal number => new Parameter<T>(T.CreateChecked(number)),
                double number => new Parameter<T>(T.CreateChecked(number)),
                float number => new Parameter<T>(T.CreateChecked(number)),
                _ => throw Refuse(value, position, ParameterTypes.NameOf(typeof(T))),
            });
        }
        catch (OverflowException)
        {
            var reason = string.Create(CultureInfo.InvariantCulture, $"{value} is none of {ParameterTypes.NameOf(typeof(T))}");
            throw ParameterCapture.Refuse(position, value!.GetType(), reason);
        }
    }

    private static SentValue Text(object? value, int position) => Same<string>(value switch
    {
        char letter => letter.ToString(),
        char[] letters => new string(letters),
        _ => value,
    }, position);

    private static SentValue Instant(object? value, int position) => value switch
    {
        null => new(Parameter.Null<DateTimeOffset>()),
        DateTimeOffset moment => Same<DateTimeOffset>(moment, position),
        DateTime { Kind: DateTimeKind.Utc } => Same<DateTime>(value, position),
        DateTime time => throw ParameterCapture.Refuse(position, typeof(DateTime),
            $"its Kind is {time.Kind} and it is to be a timestamptz: give it ToUniversalTime(), or DbType.DateTime2 (timestamp)"),
        _ => throw Refuse(value, position, "DateTime"),
    };

    // A NULL of the protocol that is a point in time is a timestamptz.
    private static SentValue LocalTime(object? value, int position) => value switch
    {
        null => new(Parameter.Null<DateTime>(), "timestamp"),
        DateTime { Kind: DateTimeKind.Utc } => throw ParameterCapture.Refuse(position, typeof(DateTime),
            "its Kind is Utc and it is to be a timestamp: give it DbType.DateTime (timestamptz)"),
        DateTime time => new(new Parameter<DateTime>(DateTime.SpecifyKind(time, DateTimeKind.Unspecified))),
        _ => throw Refuse(value, position, "DateTime"),
    };

    private static TimeOnly TimeOfDay(TimeSpan span, int position) => span >= TimeSpan.Zero && span < TimeSpan.FromDays(1)
        ? TimeOnly.FromTimeSpan(span)
        : throw ParameterCapture.Refuse(position, typeof(TimeSpan), $"{span} is no time of a day");

    private static BrokerException Refuse(object value, int position, string wanted) =>
        ParameterCapture.Refuse(position, value.GetType(), $"its DbType is sent as {wanted}");
}
