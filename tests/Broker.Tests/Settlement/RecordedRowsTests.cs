using System.Net;
using Broker.Client.Protocol.Values;
using Broker.Settlement;
using Xunit;

namespace Broker.Tests.Settlement;

/// <summary>Rows in the ledger come back as they went in.</summary>
public sealed class RecordedRowsTests
{
    public static TheoryData<Column> Columns =>
    [
        Of(int.MinValue, int.MaxValue), Of(long.MinValue), Of<short>(-1), Of(true, false), Of(0.1, double.NaN), Of(0.1f),
        Of(79228162514264337593543950335m, 1.10m), Of("", "ä\n€"),
        Of(new DateTime(2026, 2, 28, 1, 2, 3, DateTimeKind.Utc), new DateTime(1, DateTimeKind.Unspecified)),
        Of('x'), Of(Guid.NewGuid()), Of<byte[]>([], [0, 255]), Of(new DateOnly(2026, 2, 28)), Of(new TimeOnly(12345678901)),
        Of(new TimeSpan(-5)),
        Of(new DateTimeOffset(2026, 2, 28, 1, 2, 3, TimeSpan.FromHours(-5))), Of(uint.MaxValue), Of(ulong.MaxValue),
        Of<object>(new[] { 1, 2 }, new[] { "a", "b" }, Array.Empty<Guid>()),
    ];

    [Theory]
    [MemberData(nameof(Columns), DisableDiscoveryEnumeration = true)]
    public void Every_type_comes_back_with_its_description_and_its_nulls(Column column)
    {
        var back = RecordedRows.Decode(RecordedRows.Encode(new RowSet([column], column.Count))!)!;

        Assert.Equal(column.Count, back.Count);
        Assert.Equal((column.Description, column.ElementType), (back.Columns[0].Description, back.Columns[0].ElementType));
        Assert.Equal(Enumerable.Range(0, column.Count).Select(column.GetValue),
            Enumerable.Range(0, back.Count).Select(back.Columns[0].GetValue));
        Assert.Equal(Enumerable.Range(0, column.Count).Select(KindOf(column)),
            Enumerable.Range(0, back.Count).Select(KindOf(back.Columns[0])));
    }

    [Fact]
    public void Columns_without_rows_come_back()
    {
        var empty = new ColumnBuilder<int>(new("id", "integer", 23)).Build();

        var back = RecordedRows.Decode(RecordedRows.Encode(new RowSet([empty], 0))!)!;

        Assert.Equal((0, "id"), (back.Count, back.Columns[0].Description.Name));
    }

    [Fact]
    public void A_value_of_another_type_is_not_kept() => Assert.Null(RecordedRows.Encode(new RowSet([Of<object>(IPAddress.Loopback)], 2)));

    [Fact]
    public void Bytes_of_another_form_are_not_guessed_at() => Assert.Null(RecordedRows.Decode([255, 0, 0]));

    private static Func<int, object?> KindOf(Column column) => row => column.GetValue(row) is DateTime time ? time.Kind : null;

    private static Column Of<T>(params T[] values) where T : notnull
    {
        var builder = new ColumnBuilder<T>(new("name", "type", 17));
        foreach (var value in values)
        {
            builder.Append(value);
        }
        builder.AppendNull();
        return builder.Build();
    }
}
