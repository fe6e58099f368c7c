using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using Npgsql;
using Xunit;

namespace Broker.Tests.Errands.Server;

/// <summary>What an operator may say or set up otherwise: tables to be trusted, and a database without an encoding.</summary>
public sealed class ServerKindsTests
{
    private const string Audited = """
        create table audited (id int, note text);
        create table audits (id int);
        create function audit() returns trigger language plpgsql as 'begin insert into audits values (new.id); return new; end';
        create trigger audit before insert on audited for each row execute function audit();
        """;

    private const string Insert = "insert into audited values ($1, $2)";

    [Theory]
    [InlineData("broker.packing.trust.tables = [\"public.audited\"]", "write_group")]
    [InlineData("broker.packing.trust.tables = [\"audited\"]", "write_group")]
    [InlineData("broker.packing.trust.tables = [\"public.audits\"]", "alone")]
    public async Task A_table_that_is_trusted_is_not_looked_into(string trust, string shape)
    {
        await using var broker = await PackingBroker.StartAsync(Audited, trust);
        for (var round = 0; round < 6; round++)
        {
            await broker.TogetherAsync([.. Enumerable.Range(0, 8).Select(i => Statement.Of(Insert, i, "warm"))]);
        }

        var (answers,
            trips) = await broker.PackAsync([.. Enumerable.Range(1, 4).Select(i => (broker.Client, Statement.Of(Insert, i, "g")))]);

        Assert.All(answers, answer => Assert.Equal(new("", 1, ""), answer));
        Assert.All(trips, trip => Assert.Equal(shape, trip.Shape));
        Assert.Equal(await broker.AskDirectlyAsync<long>("select count(*) from audited"),
            await broker.AskDirectlyAsync<long>("select count(*) from audits"));
    }

    [Fact]
    public async Task A_database_without_an_encoding_packs_too_and_bytes_that_are_no_text_are_told_to_who_reads_them()
    {
        await using var near = await PackingBroker.StartAsync();
        var name = $"ascii_{Guid.NewGuid():N}";
        await near.DirectlyAsync($"create database {name} encoding 'SQL_ASCII' locale 'C' template template0");
        await using var broker =
            PackingBroker.StartOn(new NpgsqlConnectionStringBuilder(near.ConnectionString) { Database = name }.ConnectionString);
        await broker.DirectlyAsync("create table kept (id int primary key, note text)");
        await broker.WarmAsync(i => Statement.Of("insert into kept values ($1, $2)", i + 100, "w"));
        await broker.WarmAsync(i => Statement.Of("select note from kept where id = $1", i + 100));

        var (written,
            trips) = await broker.PackAsync([.. Enumerable.Range(1, 3)
                .Select(i => (broker.Client, Statement.Of("insert into kept values ($1, $2)", i, $"größe {i}")))]);
        Assert.Equal([("write_group", 3)], trips);
        Assert.All(written, answer => Assert.Equal("", answer.SqlState));
        await broker.DirectlyAsync("update kept set note = E'\\xff' where id = 2");

        (var read,
            trips) = await broker.PackAsync([.. Enumerable.Range(1, 3)
                .Select(i => (broker.Client, Statement.Of("select note from kept where id = $1", i)))]);
        Assert.Contains(("read_group", 3), trips);
        Assert.Equal(("[größe 1]", "[größe 3]"), (read[0].Rows, read[2].Rows));
        Assert.Equal("22021", Assert.IsType<StatementFailed>(read[1].Failure).SqlState);
        await broker.AssertWholeAsync();
    }
}
