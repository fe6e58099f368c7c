using System.Reflection;
using System.Runtime.CompilerServices;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>One field of a record.</summary>
internal abstract class Field<TRecord>
{
    private protected Field(FieldShape shape) => Shape = shape;

    /// <summary>What it is.</summary>
    internal FieldShape Shape { get; }

    /// <summary>How many bytes it takes in the record.</summary>
    internal abstract int Size { get; }

    /// <summary>Whether nothing needs to be written for it.</summary>
    internal abstract bool IsAbsent(TRecord record);

    /// <summary>Writes it.</summary>
    internal abstract void Write(MessageWriter writer, TRecord record);

    /// <summary>Reads it into a record that is being made.</summary>
    internal abstract void Read(MessageReader reader, TRecord record);

    /// <summary>Gives it the value of one that is absent.</summary>
    internal abstract void Leave(TRecord record);

    /// <summary>The field for a property.</summary>
    /// <param name="property">Which one.</param>
    /// <param name="constructed">Whether it is always given; others are absent when they have their default.</param>
    internal static Field<TRecord> Of(PropertyInfo property, bool constructed)
    {
        var nullability = new NullabilityInfoContext().Create(property).WriteState;
        return (Field<TRecord>)Activator.CreateInstance(
            typeof(Field<,>).MakeGenericType(typeof(TRecord), property.PropertyType), property, nullability == NullabilityState.Nullable,
                constructed)!;
    }
}

/// <summary>
/// One field of type <typeparamref name="T"/>. It is optional when it may be null, or is a flag, or has a value that stands for nothing
/// such as an empty list; and always when it can be left out at construction.
/// </summary>
internal sealed class Field<TRecord, T> : Field<TRecord>
{
    private readonly Func<TRecord, T> _get;
    private readonly Action<TRecord, T> _set;
    private readonly WireForm<T> _form;
    private readonly bool _nullable;

    public Field(PropertyInfo property, bool nullable, bool constructed) 
        : base(new(property.Name, typeof(T), nullable || !constructed || FormTable.For<T>().IsOftenAbsent))
    {
        _get = property.GetMethod!.CreateDelegate<Func<TRecord, T>>();
        _set = property.SetMethod!.CreateDelegate<Action<TRecord, T>>();
        _form = FormTable.For<T>();
        _nullable = nullable;
        if (Shape.IsOptional && !nullable && !_form.HasAbsent)
            throw new InvalidOperationException(
                $"{typeof(TRecord).Name}.{property.Name} may be absent, but nothing says so: make it nullable");
    }

    internal override int Size => Unsafe.SizeOf<T>();

    internal override bool IsAbsent(TRecord record) => _nullable ? _get(record) is null : _form.IsAbsent(_get(record));

    internal override void Write(MessageWriter writer, TRecord record)
    {
        // A flag that is present is true.
        if (!Shape.IsOptional || typeof(T) != typeof(bool))
            _form.Write(writer, _get(record));
    }

    internal override void Read(MessageReader reader, TRecord record) =>
        _set(record, Shape.IsOptional && typeof(T) == typeof(bool) ? (T)(object)true : _form.Read(reader));

    internal override void Leave(TRecord record) => _set(record, _nullable ? default! : _form.Absent);
}
