using System.Collections.ObjectModel;
using System.Data;
using System.Data.Common;
using System.Globalization;

namespace Broker.Client.Ado.Reading;

/// <summary>The columns of a result as the table that older callers of ADO.NET ask for.</summary>
internal static class SchemaTable
{
    internal static DataTable Of(ReadOnlyCollection<DbColumn> columns)
    {
        var table = new DataTable("SchemaTable") { Locale = CultureInfo.InvariantCulture };
        foreach (var (name, type) in Fields)
            table.Columns.Add(name, type);
        foreach (var column in columns)
        {
            var row = table.NewRow();
            row[SchemaTableColumn.ColumnName] = column.ColumnName;
            row[SchemaTableColumn.ColumnOrdinal] = column.ColumnOrdinal ?? -1;
            row[SchemaTableColumn.ColumnSize] = column.ColumnSize ?? -1;
            row[SchemaTableColumn.NumericPrecision] = (object?)column.NumericPrecision ?? DBNull.Value;
            row[SchemaTableColumn.NumericScale] = (object?)column.NumericScale ?? DBNull.Value;
            row[SchemaTableColumn.DataType] = column.DataType;
            row["DataTypeName"] = column.DataTypeName;
            row[SchemaTableColumn.AllowDBNull] = true;
            row[SchemaTableColumn.IsLong] = column.IsLong == true;
            row[SchemaTableOptionalColumn.IsReadOnly] = column.IsReadOnly == true;
            row[SchemaTableColumn.IsAliased] = false;
            row[SchemaTableColumn.IsExpression] = false;
            row[SchemaTableColumn.IsKey] = false;
            row[SchemaTableColumn.IsUnique] = false;
            row[SchemaTableOptionalColumn.IsAutoIncrement] = false;
            row[SchemaTableOptionalColumn.IsRowVersion] = false;
            row[SchemaTableOptionalColumn.IsHidden] = false;
            table.Rows.Add(row);
        }

        return table;
    }

    private static readonly (string Name, Type Type)[] Fields =
    [
        (SchemaTableColumn.ColumnName, typeof(string)), (SchemaTableColumn.ColumnOrdinal, typeof(int)),
        (SchemaTableColumn.ColumnSize, typeof(int)),
        (SchemaTableColumn.NumericPrecision, typeof(int)), (SchemaTableColumn.NumericScale, typeof(int)),
        (SchemaTableColumn.IsUnique, typeof(bool)),
        (SchemaTableColumn.IsKey, typeof(bool)), (SchemaTableOptionalColumn.BaseServerName, typeof(string)),
        (SchemaTableOptionalColumn.BaseCatalogName, typeof(string)),
        (SchemaTableColumn.BaseColumnName, typeof(string)), (SchemaTableColumn.BaseSchemaName, typeof(string)),
        (SchemaTableColumn.BaseTableName, typeof(string)),
        (SchemaTableColumn.DataType, typeof(Type)), (SchemaTableColumn.AllowDBNull, typeof(bool)),
        (SchemaTableColumn.ProviderType, typeof(int)),
        (SchemaTableColumn.IsAliased, typeof(bool)), (SchemaTableColumn.IsExpression, typeof(bool)), ("IsIdentity", typeof(bool)),
        (SchemaTableOptionalColumn.IsAutoIncrement, typeof(bool)), (SchemaTableOptionalColumn.IsRowVersion, typeof(bool)),
        (SchemaTableOptionalColumn.IsHidden, typeof(bool)),
        (SchemaTableColumn.IsLong, typeof(bool)), (SchemaTableOptionalColumn.IsReadOnly, typeof(bool)),
        (SchemaTableOptionalColumn.ProviderSpecificDataType, typeof(Type)),
        ("DataTypeName", typeof(string)),
    ];
}
