using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>A field of an error or notice (chapter "Error and Notice Message Fields").</summary>
/// <param name="Code">
/// Which: <c>S</c> severity, <c>V</c> the same untranslated, <c>C</c> SQLSTATE, <c>M</c> message, and so on. Unknown ones are kept.
/// </param>
/// <param name="Value">Its text.</param>
public readonly record struct ReportField(byte Code, WireText Value)
{
    internal static ImmutableArray<ReportField> ReadAll(ref WireReader body)
    {
        var fields = ImmutableArray.CreateBuilder<ReportField>();
        for (var code = body.Byte(); code != 0; code = body.Byte())
            fields.Add(new(code, body.Text()));
        return fields.DrainToImmutable();
    }

    internal static void WriteAll(WireWriter writer, ImmutableArray<ReportField> fields)
    {
        foreach (var field in fields)
        {
            writer.Byte(field.Code);
            writer.Text(field.Value);
        }
        writer.Byte(0);
    }
}
