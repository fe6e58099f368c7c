using Broker.Client.Protocol.Failures;
using Xunit;

namespace Broker.Tests.Flushing;

/// <summary>Of many rows a failure names the right one, whatever its type, and none that is not at fault.</summary>
public sealed class FoundRowTests : FlushStage
{
    protected override string Schema => """
        create table audits (id int primary key, what text not null);
        create function audit() returns trigger language plpgsql as $$ begin insert into audits values (new.code, new.what); return new; end $$;
        create table audited (id int primary key, code int, what text);
        create trigger t after insert or update on audited for each row execute function audit();
        insert into audits values (5, 'there');
        create table lefts (id int primary key, right_id int);
        create table rights (id int primary key, left_id int references lefts deferrable initially deferred);
        alter table lefts add foreign key (right_id) references rights deferrable initially deferred;
        insert into rights values (5, null);
        create table uniques (id int primary key, at timestamptz unique, moment timestamp unique, day date unique, hour time unique, amount numeric(10,2) unique, truth bool unique, uid uuid unique,
          bytes bytea unique, fixed char(6) unique, double double precision unique, single real unique, name text unique, a int, b text, unique (a, b));
        create table strict (id int primary key, hidden text not null, name text);
        create table parts (id int, region text, primary key (id, region)) partition by list (region);
        create table parts_eu partition of parts for values in ('eu');
        insert into parts values (2, 'eu');
        create table docs (id int primary key, doc jsonb, raw json, chunks bytea[]);
        create table parents (id int primary key);
        create table children (id int primary key, parent_id int not null references parents);
        """;

    [System.ComponentModel.DataAnnotations.Schema.Table("audited")]
    public sealed record Audited(int Id, int Code, string? What = "x");

    public sealed record Left(int Id, int? RightId = null);

    public sealed record Right(int Id, int? LeftId = null);

    public sealed record Unique(
        int Id, DateTimeOffset? At = null, DateTime? Moment = null, DateOnly? Day = null, TimeOnly? Hour = null, decimal? Amount = null,
        bool? Truth = null, Guid? Uid = null,
        byte[]? Bytes = null, string? Fixed = null, double? Double = null, float? Single = null, string? Name = null, int? A = null,
            string? B = null);

    [System.ComponentModel.DataAnnotations.Schema.Table("strict")]
    public sealed record Strict(int Id, string? Name);

    [System.ComponentModel.DataAnnotations.Schema.Table("parts")]
    public sealed record Part(int Id, string Region);

    public sealed record Settings(string Theme);

    public sealed class Doc
    {
        public int Id { get; set; }

        [System.ComponentModel.DataAnnotations.Schema.Column("doc", TypeName = "jsonb")]
        public Settings? Content { get; set; }

        public string? Raw { get; set; }

        public byte[][]? Chunks { get; set; }
    }

    public sealed record Parent(int Id);

    public sealed record Child(int Id, int ParentId);

    public static TheoryData<string, Unique> Values => new()
    {
        { "At", new(8, At: new DateTimeOffset(2026, 1, 2, 3, 4, 5, 670, TimeSpan.FromHours(2))) },
        { "Moment", new(8, Moment: new DateTime(2026, 1, 2, 3, 4, 5, 60)) },
        { "Day", new(8, Day: new DateOnly(2026, 1, 2)) },
        { "Hour", new(8, Hour: new TimeOnly(3, 4, 5)) },
        { "Amount", new(8, Amount: 1.5m) },
        { "Truth", new(8, Truth: true) },
        { "Uid", new(8, Uid: Guid.Parse("0A000000-0000-0000-0000-00000000000f")) },
        { "Bytes", new(8, Bytes: [1, 0xab]) },
        { "Fixed", new(8, Fixed: "ab") },
        { "Double", new(8, Double: 1e20) },
        { "Single", new(8, Single: 0.1f) },
        { "Name", new(8, Name: "O'Brien, (x)=(y) \"q\"\n") },
        { "", new(8, A: 1, B: "x, y") },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_duplicate_of_any_type_is_found(string property, Unique row)
    {
        await FlushAsync(await InsertAsync(row with { Id = 1 }));
        var failure = await FailureOfAsync<DuplicateKey>([await InsertAsync(new Unique(7)), await InsertAsync(row),
            await InsertAsync(new Unique(9))]);
        Assert.Equal(("Unique", property.Length == 0 ? null : property, "8"), (failure.Entity, failure.Property, failure.Key));
    }

    [Fact]
    public async Task What_a_trigger_did_to_a_table_of_its_own_names_no_row()
    {
        var duplicate = await FailureOfAsync<StatementFailed>([await InsertAsync(new Audited(5, 4)), await InsertAsync(new Audited(6, 5))]);
        Assert.Equal("audits", duplicate.Table);
        Assert.Equal("audits", (await FailureOfAsync<StatementFailed>([await InsertAsync(new Audited(15, 14)), await InsertAsync(new Audited(16, 15, null))])).Table);
    }

    [Fact]
    public async Task Of_tables_that_are_written_together_the_right_one_is_named()
    {
        var failure = await FailureOfAsync<DuplicateKey>([await InsertAsync(new Left(5)), await InsertAsync(new Right(5))]);
        Assert.Equal(("Right", "Id", "5"), (failure.Entity, failure.Property, failure.Key));

        await FlushAsync([await InsertAsync(new Parent(1)), await InsertAsync(new Parent(2)), await InsertAsync(new Child(1, 2)),
            await InsertAsync(new Child(2, 1))]);
        var pointed = await FailureOfAsync<ForeignKeyViolated>([await DeleteAsync(new Child(1, 2)), await DeleteAsync(new Parent(1))]);
        Assert.Equal(("Parent", "1"), (pointed.Entity, pointed.Key));
    }

    [Fact]
    public async Task A_row_of_a_partition_is_found_and_one_without_a_partition_is_refused_by_name()
    {
        var duplicate = await FailureOfAsync<DuplicateKey>([await InsertAsync(new Part(1, "eu")), await InsertAsync(new Part(2, "eu"))]);
        Assert.Equal(("Part", "2"), (duplicate.Entity, duplicate.Key));
        Assert.Equal("Part",
            (await FailureOfAsync<CheckViolated>([await InsertAsync(new Part(1, "eu")), await InsertAsync(new Part(3, "us"))])).Entity);
    }

    [Fact]
    public async Task A_column_without_a_property_that_takes_no_null_is_named()
    {
        var failure = await FailureOfAsync<NullRefused>([await InsertAsync(new Strict(1, "a")), await InsertAsync(new Strict(2, "b"))]);
        Assert.Equal((null, "hidden"), (failure.Property, failure.Column));
        Assert.Contains("hidden", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_json_names_its_row()
    {
        var text = await FailureOfAsync<ValueOutOfRange>([await InsertAsync(new Doc { Id = 1, Raw = "{}" }),
            await InsertAsync(new Doc { Id = 2, Raw = "{no" }), await InsertAsync(new Doc { Id = 3, Raw = "1" })]);
        Assert.Equal(("Raw", "2"), (text.Property, text.Key));
        var made = await FailureOfAsync<ValueOutOfRange>([await InsertAsync(new Doc { Id = 1, Content = new("a") }),
            await InsertAsync(new Doc { Id = 2, Content = new("a\0b") })]);
        Assert.Equal(("Content", "2"), (made.Property, made.Key));
    }

    [Fact]
    public async Task A_change_inside_of_the_bytes_of_an_array_is_seen()
    {
        var doc = new Doc { Id = 1, Chunks = [[1, 2], [3]] };
        await FlushAsync(await InsertAsync(doc));
        var map = await MapAsync<Doc>();
        var copy = map.Copy(doc);
        Assert.True(map.ChangedColumns(await GetAsync<Doc>(1), copy).IsEmpty);
        doc.Chunks![0][0] = 9;
        Assert.False(map.ChangedColumns(doc, copy).IsEmpty);
    }
}
