using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>The form of a record that has a manifest, by whatever type it is looked at.</summary>
internal abstract class RecordForm
{
    private protected RecordForm(string manifest, Type type) =>
        (Manifest, Key, Type) = (manifest, Serialization.Manifest.KeyOf(manifest), type);

    /// <summary>Its short name on the wire.</summary>
    internal string Manifest { get; }

    /// <summary>The same as a number.</summary>
    internal int Key { get; }

    /// <summary>The record.</summary>
    internal Type Type { get; }

    /// <summary>Its fields in the order in which they are written.</summary>
    internal abstract ImmutableArray<FieldShape> Shape { get; }

    /// <summary>Writes the body behind its length.</summary>
    internal abstract void WriteAny(MessageWriter writer, object record);

    /// <summary>Reads a body.</summary>
    internal abstract object ReadAny(MessageReader reader);

    /// <summary>An entry of the table.</summary>
    /// <param name="manifest">1 to 3 characters.</param>
    internal static RecordForm Of<T>(string manifest) where T : class => new RecordEntry<T>(manifest);
}

/// <summary>What is written of one field.</summary>
/// <param name="Name">The property.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsOptional">Whether it may be absent.</param>
internal sealed record FieldShape(string Name, Type Type, bool IsOptional);

/// <summary>An entry of the table: what there is to know of a record is found out when it is first sent or received.</summary>
internal sealed class RecordEntry<T>(string manifest) : RecordForm(manifest, typeof(T)) where T : class
{
    private readonly Lazy<BodyForm<T>> _body = new(static () => (BodyForm<T>)FormTable.For<T>());

    internal override ImmutableArray<FieldShape> Shape => _body.Value.Shape;

    internal override void WriteAny(MessageWriter writer, object record) => _body.Value.Write(writer, (T)record);

    internal override object ReadAny(MessageReader reader) => _body.Value.Read(reader);
}

/// <summary>
/// The form of any record: the fields that are always there, in order; then, if there is any, which optional ones there are, and these. The
/// body's length stands before it, so that what a newer peer appends is passed over, and what an older one left out is absent.
/// Found out once for each type, from its primary constructor and its properties that are init only; nothing is boxed.
/// </summary>
internal sealed class BodyForm<T> : WireForm<T> where T : class
{
    private readonly Field<T>[] _required;
    private readonly Field<T>[] _optional;
    private readonly T? _blank;
    private readonly int _size;

    /// <summary>Looks at the record.</summary>
    internal BodyForm()
    {
        var fields = RecordFields.Of(typeof(T)).Select(static field => Field<T>.Of(field.Property, field.Constructed)).ToArray();
        _required = [.. fields.Where(static field => !field.Shape.IsOptional)];
        _optional = [.. fields.Where(field => field.Shape.IsOptional)];
        if (_optional.Length > 64)
            throw new InvalidOperationException($"{typeof(T).Name} has no wire form");
        _size = MemorySize.Object + fields.Sum(static field => field.Size);
        _blank = _required.Length > 0 ? default : RecordFields.BlankOf<T>();
    }

    /// <summary>The fields in the order in which they are written.</summary>
    internal ImmutableArray<FieldShape> Shape => [.. _required.Concat(_optional).Select(static one => one.Shape)];

    internal override bool HasAbsent => _blank is not null;

    internal override bool IsOftenAbsent => _blank is not null;

    internal override T Absent => _blank!;

    internal override bool IsAbsent(T value) => ReferenceEquals(value, _blank) || (_blank is not null && Present(value) == 0);

    internal override void Write(MessageWriter writer, T value)
    {
        var start = writer.Begin();
        foreach (var field in _required)
            field.Write(writer, value);
        if (Present(value) is var present and not 0)
        {
            writer.WriteVar(present);
            for (var i = 0; i < _optional.Length; i++)
            {
                if ((present & (1UL << i)) != 0)
                    _optional[i].Write(writer, value);
            }
        }

        writer.End(start);
    }

    internal override T Read(MessageReader reader)
    {
        var outer = reader.Enter();
        var record = _blank is not null && reader.Remaining == 0 ? _blank : ReadFields(reader);
        reader.Leave(outer);
        return record;
    }

    private T ReadFields(MessageReader reader)
    {
        reader.Make(1, _size);
        var record = (T)RuntimeHelpers.GetUninitializedObject(typeof(T));
        foreach (var field in _required)
            field.Read(reader, record);
        var present = reader.Remaining == 0 ? 0 : reader.ReadVar();
        for (var i = 0; i < _optional.Length; i++)
        {
            if ((present & (1UL << i)) != 0)
                _optional[i].Read(reader, record);
            else
                _optional[i].Leave(record);
        }

        return record;
    }

    private ulong Present(T value)
    {
        ulong present = 0;
        for (var i = 0; i < _optional.Length; i++)
        {
            if (!_optional[i].IsAbsent(value))
                present |= 1UL << i;
        }

        return present;
    }
}
