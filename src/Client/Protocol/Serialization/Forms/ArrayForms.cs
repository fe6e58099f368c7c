using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Broker.Client.Parameters;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Serialization.Elements;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Forms;

/// <summary>The form of a list of values: how many, and each.</summary>
internal sealed class ArrayForm<T> : WireForm<ImmutableArray<T>>
{
    // Asked for when it is needed: a record may hold a list of its own kind.
    private static WireForm<T> One => FormTable.For<T>();

    internal override bool IsOftenAbsent => true;

    internal override ImmutableArray<T> Absent => [];

    internal override bool IsAbsent(ImmutableArray<T> value) => value.IsDefaultOrEmpty;

    internal override void Write(MessageWriter writer, ImmutableArray<T> value)
    {
        writer.WriteVar((uint)value.Length);
        foreach (var item in value)
            One.Write(writer, item);
    }

    internal override ImmutableArray<T> Read(MessageReader reader)
    {
        var count = reader.ReadCount(One.LeastBytes);
        reader.Make(count, Unsafe.SizeOf<T>());
        var values = new T[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = One.Read(reader);
        return ImmutableCollectionsMarshal.AsImmutableArray(values);
    }
}

/// <summary>The form of a statement's parameters. One of a type that has no form is named by its position.</summary>
internal sealed class ParametersForm : WireForm<ImmutableArray<Parameter>>
{
    internal override bool IsOftenAbsent => true;

    internal override ImmutableArray<Parameter> Absent => [];

    internal override bool IsAbsent(ImmutableArray<Parameter> value) => value.IsDefaultOrEmpty;

    internal override void Write(MessageWriter writer, ImmutableArray<Parameter> value)
    {
        writer.WriteVar((uint)value.Length);
        var each = new ParameterForm(writer);
        for (var i = 0; i < value.Length; i++)
        {
            Write(value[i], i + 1, each);
            if (each.Refused is { } type)
                throw new UnsendableException(new ParameterRefused(i + 1, ParameterTypes.NameOf(type), "the type is not supported"));
        }
    }

    private static void Write(Parameter value, int position, ParameterForm form)
    {
        try
        {
            value.Accept(form);
        }
        catch (UnsendableException unsendable) when (unsendable.Failure is StatementRefused)
        {
            throw new UnsendableException(new ParameterRefused(position, ParameterTypes.NameOf(form.Last!),
                "it holds half of a surrogate pair"));
        }
        catch (Exception exception) when (exception is not (UnsendableException or OutOfMemoryException))
        {
            throw new UnsendableException(new ParameterRefused(position, ParameterTypes.NameOf(form.Last!),
                UnsendableException.WhyUnreadable(exception)));
        }
    }

    internal override ImmutableArray<Parameter> Read(MessageReader reader)
    {
        var count = reader.ReadCount(2);
        reader.Make(count, Unsafe.SizeOf<Parameter>());
        var values = new Parameter[count];
        for (var i = 0; i < values.Length; i++)
            values[i] = ParameterForm.Read(reader);
        return ImmutableCollectionsMarshal.AsImmutableArray(values);
    }
}

/// <summary>The form of settings by name, in the order of their names.</summary>
internal sealed class SettingsForm : WireForm<ImmutableSortedDictionary<string, string>>
{
    internal override bool HasAbsent => true;

    internal override bool IsOftenAbsent => true;

    internal override ImmutableSortedDictionary<string, string> Absent => ImmutableSortedDictionary<string, string>.Empty;

    internal override bool IsAbsent(ImmutableSortedDictionary<string, string> value) => value.IsEmpty;

    internal override void Write(MessageWriter writer, ImmutableSortedDictionary<string, string> value)
    {
        writer.WriteVar((uint)value.Count);
        foreach (var (name, text) in value)
        {
            writer.WriteText(name);
            writer.WriteText(text);
        }
    }

    internal override ImmutableSortedDictionary<string, string> Read(MessageReader reader)
    {
        var settings = ImmutableSortedDictionary.CreateBuilder<string, string>();
        for (var left = reader.ReadCount(2); left > 0; left--)
        {
            reader.Make(1, MemorySize.Setting);
            if (!settings.TryAdd(reader.ReadText(), reader.ReadText()))
                throw new MalformedMessageException("a setting is there twice");
        }

        return settings.ToImmutable();
    }
}
