using Broker.Client;
using Broker.Client.Protocol.Values;
using Npgsql;
using NpgsqlTypes;

namespace Broker.Errands;

/// <summary>Reads a column of ranges as text, in PostgreSQL's own form: a client has no type of Npgsql's.</summary>
internal sealed class RangeReader<T> : ColumnReader<string> where T : struct
{
    internal RangeReader(ColumnDescription description, int ordinal) : base(description, ordinal)
    {
    }

    private protected override string Read(NpgsqlDataReader reader)
    {
        var range = reader.GetFieldValue<NpgsqlRange<T>>(Ordinal);
        return range.IsEmpty ? "empty" : new ValueRange<T>(
            range.LowerBoundInfinite ? null : range.LowerBound, range.UpperBoundInfinite ? null : range.UpperBound,
            range.LowerBoundIsInclusive, range.UpperBoundIsInclusive).ToString();
    }
}
