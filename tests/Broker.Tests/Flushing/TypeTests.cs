using System.ComponentModel.DataAnnotations.Schema;
using System.Runtime.Serialization;
using System.Text.Json;
using Broker.Client;
using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>Every type that an entity may have goes to the server and comes back, alone and among many.</summary>
public sealed class TypeTests : FlushStage
{
    protected override string Schema => """
        create type mood as enum ('sad', 'very_happy', 'so-so');
        create domain percent as int check (value between 0 and 100);
        create table samples (id int primary key, truth boolean, small smallint, whole integer, big bigint, wider integer, single real, double double precision, amount numeric(12,3),
          text text, short varchar(5), fixed char(4), letter char(1), uid uuid, instant timestamptz, moment timestamptz, local timestamp, day date, hour time, span interval,
          bytes bytea, document jsonb, raw json, parsed jsonb, settings jsonb, numbers int[], names text[], nullables bigint[], days date[], moods mood[],
          mood mood, mood_number int, mood_name text, period int4range, stay tstzrange, dates daterange, price numrange, share percent, address inet);
        create table sketches (id int primary key, numbers int[], settings jsonb, note text);
        """;

    public enum Mood
    {
        Sad,
        VeryHappy,
        [EnumMember(Value = "so-so")]
        SoSo,
    }

    public sealed record Settings(string Theme, int[] Sizes);

    public sealed class Sample
    {
        public int Id { get; set; }

        public bool? Truth { get; set; }

        public short? Small { get; set; }

        public int? Whole { get; set; }

        public long? Big { get; set; }

        public long? Wider { get; set; }

        public float? Single { get; set; }

        public double? Double { get; set; }

        public decimal? Amount { get; set; }

        public string? Text { get; set; }

        public string? Short { get; set; }

        public string? Fixed { get; set; }

        public char? Letter { get; set; }

        public Guid? Uid { get; set; }

        public DateTime? Instant { get; set; }

        public DateTimeOffset? Moment { get; set; }

        public DateTime? Local { get; set; }

        public DateOnly? Day { get; set; }

        public TimeOnly? Hour { get; set; }

        public TimeSpan? Span { get; set; }

        public byte[]? Bytes { get; set; }

        public JsonElement? Document { get; set; }

        public string? Raw { get; set; }

        public JsonDocument? Parsed { get; set; }

        [Column(TypeName = "jsonb")]
        public Settings? Settings { get; set; }

        public int[]? Numbers { get; set; }

        public List<string?>? Names { get; set; }

        public long?[]? Nullables { get; set; }

        public List<DateOnly>? Days { get; set; }

        public Mood[]? Moods { get; set; }

        public Mood? Mood { get; set; }

        public Mood? MoodNumber { get; set; }

        public Mood? MoodName { get; set; }

        public ValueRange<int>? Period { get; set; }

        public ValueRange<DateTime>? Stay { get; set; }

        public ValueRange<DateOnly>? Dates { get; set; }

        public ValueRange<decimal>? Price { get; set; }

        public int? Share { get; set; }

        public string? Address { get; set; }
    }

    public sealed class Sketch
    {
        public int Id { get; set; }

        public int[] Numbers { get; set; } = [];

        [Column(TypeName = "jsonb")]
        public Dictionary<string, int> Settings { get; set; } = [];

        public string? Note { get; set; }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Values_of_every_type_come_back_as_they_were(int count)
    {
        Sample[] samples = [.. Enumerable.Range(1, count).Select(Full)];
        await FlushAsync(await AllAsync(samples.Select(InsertAsync)));
        foreach (var sample in samples)
        {
            AssertSame(sample, await GetAsync<Sample>(sample.Id));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Nulls_of_every_type_come_back(int count)
    {
        // of two rows the second has the values, so that arrays hold both
        Sample[] samples = [new Sample { Id = 1 }, .. Enumerable.Range(2, count - 1).Select(Full)];
        await FlushAsync(await AllAsync(samples.Select(InsertAsync)));
        var read = await GetAsync<Sample>(1);
        Assert.All(typeof(Sample).GetProperties().Where(property => property.Name != "Id"),
            property => Assert.Null(property.GetValue(read)));
        if (count > 1)
        {
            AssertSame(samples[1], await GetAsync<Sample>(2));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task Values_of_every_type_are_updated(int count)
    {
        await DoAsync("insert into samples select i from generate_series(1, 3) i");
        Sample[] samples = [.. Enumerable.Range(1, count).Select(Full)];
        await FlushAsync(await AllAsync(samples.Select(sample => UpdateAsync(sample, new Sample { Id = sample.Id }))));
        Assert.Single(Texts);
        AssertSame(samples[^1], await GetAsync<Sample>(count));
        await FlushAsync(await AllAsync(samples.Select(sample => UpdateAsync(new Sample { Id = sample.Id }, sample))));
        Assert.Null((await GetAsync<Sample>(count)).Numbers);
        Assert.Null((await GetAsync<Sample>(count)).Price);
    }

    [Fact]
    public async Task What_is_read_differs_from_its_copy_in_nothing()
    {
        await FlushAsync(await InsertAsync(Full(1)));
        var map = await MapAsync<Sample>();
        var read = await GetAsync<Sample>(1);
        Assert.True(map.ChangedColumns(read, map.Copy(read)).IsEmpty);
        Assert.True(map.ChangedColumns(read, await GetAsync<Sample>(1)).IsEmpty);
    }

    [Fact]
    public async Task A_change_inside_of_an_array_list_or_json_class_is_seen_by_content()
    {
        var sketch = new Sketch { Id = 1, Numbers = [1, 2], Settings = new() { ["a"] = 1 } };
        var map = await MapAsync<Sketch>();
        Assert.False(map.IsImmutable);
        await FlushAsync(await InsertAsync(sketch));
        var before = (Sketch)map.Copy(sketch);
        sketch.Numbers[0] = 9;
        sketch.Settings["a"] = 7;
        Assert.Equal(["numbers", "settings"], map.ChangedColumns(sketch, before).Of(map).Select(column => column.Facts.Name));
        await FlushAsync(await UpdateAsync(sketch, before));
        var read = await GetAsync<Sketch>(1);
        Assert.Equal([9, 2], read.Numbers);
        Assert.Equal(7, read.Settings["a"]);
    }

    [Fact]
    public async Task Ranges_that_are_empty_or_have_no_bound_come_back()
    {
        await FlushAsync(
            await InsertAsync(new Sample { Id = 1, Period = ValueRange.Empty<int>(), Price = new(null, 2.5m,
                upperInclusive: true), Dates = new(new(2020, 1, 1), null) }),
            await InsertAsync(
                new Sample { Id = 2, Period = new(null, null), Stay = new(new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc), null) }));
        var one = await GetAsync<Sample>(1);
        Assert.True(one.Period!.Value.IsEmpty);
        Assert.Equal(new ValueRange<decimal>(null, 2.5m, upperInclusive: true), one.Price);
        Assert.Equal(new ValueRange<DateOnly>(new(2020, 1, 1), null), one.Dates);
        var two = await GetAsync<Sample>(2);
        Assert.Equal(new ValueRange<int>(null, null), two.Period);
        Assert.Equal(new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc), two.Stay!.Value.Lower);
    }

    [Fact]
    public async Task A_value_out_of_range_names_entity_property_and_key()
    {
        var wide = await FailureOfAsync<ValueOutOfRange>(await InsertAsync(new Sample { Id = 7, Wider = long.MaxValue }));
        Assert.Equal(("Sample", "Wider", "7"), (wide.Entity, wide.Property, wide.Key));
        var lengthy = await FailureOfAsync<ValueOutOfRange>(await InsertAsync(new Sample { Id = 8, Short = "too long" }),
            await InsertAsync(new Sample { Id = 9 }));
        Assert.Equal(("Sample", "Short", "8"), (lengthy.Entity, lengthy.Property, lengthy.Key));
        var local = await FailureOfAsync<ValueOutOfRange>(
            await InsertAsync(new Sample { Id = 8, Instant = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Local) }));
        Assert.Equal("Instant", local.Property);
        var nul = await FailureOfAsync<ValueOutOfRange>(await InsertAsync(new Sample { Id = 8, Text = "a\0b" }));
        Assert.Equal("Text", nul.Property);
    }

    [Fact]
    public async Task An_interval_with_months_is_refused_clearly()
    {
        await DoAsync("insert into samples (id, span) values (1, '1 month')");
        var map = await MapAsync<Sample>();
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => AskAsync(map.Select(map.KeyFrom(1))));
        Assert.Contains("\"span\" (interval)", failure.Message, StringComparison.Ordinal);
    }

    private static Sample Full(int id) => new()
    {
        Id = id,
        Truth = true,
        Small = short.MinValue,
        Whole = int.MaxValue,
        Big = long.MinValue,
        Wider = 7,
        Single = 1.5f,
        Double = double.Epsilon,
        Amount = 123456.789m,
        Text = "Grüße \"quoted\" \\ {x},\n",
        Short = "äöüß€",
        Fixed = "ab  ",
        Letter = 'x',
        Uid = Guid.NewGuid(),
        Instant = new DateTime(2024, 2, 29, 23, 59, 59, 999, DateTimeKind.Utc),
        Moment = new DateTimeOffset(2024, 2, 29, 23, 59, 59, TimeSpan.Zero),
        Local = new DateTime(2024, 2, 29, 1, 2, 3),
        Day = new(2024, 2, 29),
        Hour = new(23, 59, 59, 123),
        Span = TimeSpan.FromDays(40) + TimeSpan.FromMilliseconds(5),
        Bytes = [0, 255, 1],
        Document = JsonElement.Parse("""{"a": [1, null]}"""),
        Raw = "[1,  2]",
        Parsed = JsonDocument.Parse("""{"b": "c"}"""),
        Settings = new("dark", [1, 2]),
        Numbers = [1, -2, 3],
        Names = ["a", null, "with \"quotes\", \\ and {braces}", "", "NULL"],
        Nullables = [1, null],
        Days = [new(2024, 1, 1), new(1999, 12, 31)],
        Moods = [TypeTests.Mood.SoSo, TypeTests.Mood.VeryHappy],
        Mood = TypeTests.Mood.VeryHappy,
        MoodNumber = TypeTests.Mood.SoSo,
        MoodName = TypeTests.Mood.SoSo,
        Period = new(1, 5),
        Stay = new(new DateTime(2024, 1, 1, 12, 0, 0, DateTimeKind.Utc), new DateTime(2024, 1, 2, 12, 0, 0, DateTimeKind.Utc)),
        Dates = new(new(2024, 1, 1), new(2024, 2, 1)),
        Price = new(1.5m, 2.5m, lowerInclusive: false, upperInclusive: true),
        Share = 100,
        Address = "10.0.0.1/24",
    };

    private static void AssertSame(Sample wrote, Sample read)
    {
        foreach (var property in typeof(Sample).GetProperties())
        {
            Assert.Equal(Shown(property.GetValue(wrote)), Shown(property.GetValue(read)));
        }
    }

    private static string Shown(object? value) => value switch
    {
        JsonElement element => JsonSerializer.Serialize(element),
        JsonDocument document => JsonSerializer.Serialize(document),
        DateTime time => $"{time:O} {time.Kind}",
        DateTimeOffset time => time.ToString("O"),
        _ => JsonSerializer.Serialize(value),
    };
}
