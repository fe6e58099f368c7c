using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;
using Broker.Client.Ado.Writing;

namespace Broker.Client.Ado;

/// <summary>
/// The value of one parameter. With a name it stands where the text says `@name` or `:name`; without one it is `$1`, `$2`, ... by its
/// place in the collection. Its type is that of its value, or what <see cref="DbType"/> says. A null (or DBNull) of which no type is
/// known goes into the text as the word NULL, so the server finds its type where it stands.
/// </summary>
public class BrokerParameter : DbParameter
{
    private static long _renamings;

    private string _name = "";
    private bool _isFound;
    private string _sourceColumn = "";
    private DbType? _type;
    private int _size;

    /// <summary>A parameter without name and value.</summary>
    public BrokerParameter() { }

    /// <summary>A parameter and its value.</summary>
    public BrokerParameter(string? parameterName, object? value) => (ParameterName, Value) = (parameterName, value);

    /// <summary>A parameter of a type, without a value.</summary>
    public BrokerParameter(string? parameterName, DbType type) => (ParameterName, DbType) = (parameterName, type);

    /// <summary>The name; a sign `@` or `:` in front of it is no part of it, but kept.</summary>
    [AllowNull]
    public override string ParameterName
    {
        get => _name;
        set
        {
            _name = value ?? "";
            if (_isFound)
                Interlocked.Increment(ref _renamings);
            _isFound = false;
        }
    }

    /// <summary>The value.</summary>
    public override object? Value { get; set; }

    /// <summary>What it is sent as. Where it is not given it follows from the value.</summary>
    /// <exception cref="NotSupportedException">PostgreSQL has no such type.</exception>
    public override DbType DbType
    {
        get => _type ?? InferredType;
        set => _type = SentTypes.IsKnown(value) ? value : throw new NotSupportedException($"PostgreSQL has no type for DbType.{value}");
    }

    /// <summary>Only <see cref="ParameterDirection.Input"/>: what a statement answers are its rows.</summary>
    /// <exception cref="NotSupportedException">Any other.</exception>
    public override ParameterDirection Direction
    {
        get => ParameterDirection.Input;
        set
        {
            if (value != ParameterDirection.Input)
                throw new NotSupportedException(
                    $"a parameter is sent and never read back, so it cannot be {value}: what is answered are the rows");
        }
    }

    /// <summary>Means nothing: any parameter may be NULL.</summary>
    public override bool IsNullable { get; set; }

    /// <summary>How many characters or bytes of a string or byte[] are sent at most; 0 or less for all.</summary>
    public override int Size
    {
        get => _size;
        set => _size = value >= -1 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "-1 or more");
    }

    /// <summary>Means nothing: a decimal is sent as it is.</summary>
    public override byte Precision { get; set; }

    /// <summary>Means nothing: a decimal is sent as it is.</summary>
    public override byte Scale { get; set; }

    /// <inheritdoc/>
    [AllowNull]
    public override string SourceColumn
    {
        get => _sourceColumn;
        set => _sourceColumn = value ?? "";
    }

    /// <inheritdoc/>
    public override bool SourceColumnNullMapping { get; set; }

    /// <inheritdoc/>
    public override DataRowVersion SourceVersion { get; set; } = DataRowVersion.Current;

    /// <inheritdoc/>
    public override void ResetDbType() => _type = null;

    /// <summary>The name without its sign.</summary>
    internal ReadOnlySpan<char> BareName => _name.Length > 0 && _name[0] is '@' or ':' ? _name.AsSpan(1) : _name;

    /// <summary>
    /// How often a parameter, any one, was given another name after it could be found by the one that it had: hardly ever, so that who
    /// keeps names may begin anew each time.
    /// </summary>
    internal static long Renamings => Interlocked.Read(ref _renamings);

    /// <summary>The name without its sign, for who keeps it.</summary>
    internal ReadOnlySpan<char> ToBeFound()
    {
        _isFound = true;
        return BareName;
    }

    /// <summary>The type where nobody gave one.</summary>
    private protected virtual DbType InferredType => SentTypes.Infer(Value);

    /// <summary>How its value goes to the server.</summary>
    /// <param name="position">The number that it has in the statement's text.</param>
    /// <exception cref="BrokerException">It cannot be sent: <c>ParameterRefused</c>.</exception>
    internal SentValue ToSent(int position) => _type is { } type ? SentTypes.Of(type, Sized(Value), position) : ToSentByValue(position);

    private protected virtual SentValue ToSentByValue(int position) => SentTypes.Of(Sized(Value), position);

    private object? Sized(object? value) => value switch
    {
        string text when _size > 0 && text.Length > _size => text[.._size],
        byte[] bytes when _size > 0 && bytes.Length > _size => bytes[.._size],
        _ => value,
    };
}

/// <summary>A parameter of a type that is known where it is written: its value is not boxed, and its null is a NULL of that type.</summary>
public sealed class BrokerParameter<T> : BrokerParameter
{
    /// <summary>A parameter without name and value.</summary>
    public BrokerParameter() { }

    /// <summary>A parameter and its value.</summary>
    public BrokerParameter(string? parameterName, T? value) => (ParameterName, TypedValue) = (parameterName, value);

    /// <summary>The value.</summary>
    public T? TypedValue { get; set; }

    /// <summary>The value, boxed.</summary>
    public override object? Value
    {
        get => TypedValue;
        set => TypedValue = value is null or DBNull ? default : (T)value;
    }

    private protected override DbType InferredType => TypedValue is { } value ? SentTypes.Infer(value) : SentTypes.Infer(typeof(T));

    private protected override SentValue ToSentByValue(int position) =>
        typeof(T) == typeof(object)
            || TypedValue is byte or sbyte or char[] or DateTime { Kind: DateTimeKind.Local }
            || (TypedValue is string or byte[] && Size > 0)
            ? base.ToSentByValue(position)
            : new(Parameters.ParameterCapture<T?>.Capture(TypedValue, position));
}
