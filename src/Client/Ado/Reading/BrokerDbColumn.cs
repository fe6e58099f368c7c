using System.Data.Common;
using System.Globalization;
using System.Text.RegularExpressions;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Ado.Reading;

/// <summary>What is known of a column of a result: its name, its type and its place. Of which table it is, nobody was told.</summary>
internal sealed partial class BrokerDbColumn : DbColumn
{
    internal BrokerDbColumn(ColumnDescription description, Type type, int ordinal)
    {
        (ColumnName, DataType, ColumnOrdinal) = (description.Name, type, ordinal);
        DataTypeName = Modifier().Replace(description.TypeName, "");
        if (Modifier().Match(description.TypeName) is { Success: true } modifier)
            Take(int.Parse(modifier.Groups[1].ValueSpan, CultureInfo.InvariantCulture), modifier.Groups[2]);
        IsLong = type == typeof(byte[]);
        IsReadOnly = true;
    }

    // `numeric(6, 2)`, `character varying(5)`.
    [GeneratedRegex(@"\((\d+)(?:,\s*(\d+))?\)")]
    private static partial Regex Modifier();

    private void Take(int first, Group second)
    {
        if (DataType == typeof(decimal))
            (NumericPrecision, NumericScale) = (first, second.Success ? int.Parse(second.ValueSpan, CultureInfo.InvariantCulture) : 0);
        else if (DataType == typeof(DateTime))
            NumericPrecision = first;
        else if (DataType == typeof(string))
            ColumnSize = first;
    }
}
