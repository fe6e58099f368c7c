using Broker.Client;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>Reads a column of ranges as text, in PostgreSQL's own form: a client has no type of Npgsql's.</summary>
internal sealed class RangeReader<T> : ColumnReader where T : struct
{
    private readonly ColumnBuilder<string> _builder;

    internal RangeReader(ColumnDescription description, int ordinal) : base(description, ordinal) => _builder = new(description);

    internal override void Start()
    {
        _builder.Clear();
        Unreadable = null;
    }

    internal override int Take(NpgsqlDataReader reader)
    {
        if (reader.IsDBNull(Ordinal))
        {
            _builder.AppendNull();
            return 1;
        }
        try
        {
            var text = Text(reader.GetFieldValue<NpgsqlRange<T>>(Ordinal));
            _builder.Append(text);
            return text.Length;
        }
        catch (Exception exception) when (IsAboutValue(exception))
        {
            Unreadable ??= new ResultMismatch($"column \"{Description.Name}\" ({Description.TypeName}), row {_builder.Count + 1}: {exception.Message} (cast it in the statement, for example to text)");
            _builder.AppendNull();
            return 1;
        }
    }

    internal override Column Finish() => _builder.Build();

    private static string Text(NpgsqlRange<T> range) => range.IsEmpty
        ? "empty"
        : new ValueRange<T>(range.LowerBoundInfinite ? null : range.LowerBound, range.UpperBoundInfinite ? null : range.UpperBound, range.LowerBoundIsInclusive, range.UpperBoundIsInclusive).ToString();
}
