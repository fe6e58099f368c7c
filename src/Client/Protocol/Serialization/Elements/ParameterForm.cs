using Broker.Client.Protocol.Values;

namespace Broker.Client.Protocol.Serialization.Elements;

/// <summary>Writes parameters, one after the other: the type's tag and the value; for a NULL a zero and the type's tag.</summary>
internal sealed class ParameterForm(MessageWriter writer) : IParameterVisitor
{
    private const byte Null = 0;

    /// <summary>The type of the last one if it has no wire form, in which case nothing was written.</summary>
    internal Type? Refused { get; private set; }

    /// <summary>The type of the last one, written or not.</summary>
    internal Type? Last { get; private set; }

    /// <inheritdoc/>
    public void Visit<T>(T value) where T : notnull
    {
        Last = typeof(T);
        if (ElementTable.Find<T>() is not { } element)
        {
            Refused = typeof(T);
            return;
        }

        writer.WriteByte(element.Tag);
        element.Write(writer, value);
    }

    /// <inheritdoc/>
    public void VisitNull<T>() where T : notnull
    {
        if (ElementTable.Find<T>() is not { } element)
        {
            Refused = typeof(T);
            return;
        }

        writer.WriteByte(Null);
        writer.WriteByte(element.Tag);
    }

    /// <summary>Reads one parameter.</summary>
    internal static Parameter Read(MessageReader reader) =>
        reader.ReadByte() is var tag && tag == Null
            ? ElementTable.Find(reader.ReadByte()).NullParameter
            : ElementTable.Find(tag).ReadParameter(reader);
}
