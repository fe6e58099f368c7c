using Broker.PgWire.Authentication;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Door;

/// <summary>What servers see of clients, what the catalogue says of them, and texts in other encodings.</summary>
public sealed class ShownTests
{
    [Theory]
    [InlineData("exact", "till 1", "till 2")]
    [InlineData("broker", null, null)]
    public async Task Servers_show_the_name_that_the_settings_say_though_clients_share_a_link(string setting, string? first, string? second)
    {
        await using var door = await DoorStage.OpenAsync($"application-name = {setting}", "size = 1, overflow = 0");
        await using var one = await door.ConnectAsync(static text => text.ApplicationName = "till 1");
        await using var other = await door.ConnectAsync(static text => text.ApplicationName = "till 2");

        for (var round = 0; round < 3; round++)
        {
            var (ofOne, ofOther) = (await ShownAsync(one), await ShownAsync(other));
            if (first is not null)
            {
                Assert.Equal((first, second), (ofOne, ofOther));
                continue;
            }
            Assert.Equal(ofOne, ofOther);
            Assert.DoesNotContain("till", ofOne, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Users_whose_time_is_over_or_who_may_not_log_in_are_kept_out_by_the_statement_that_looks_them_up()
    {
        await using var door = await DoorStage.OpenAsync("""
            auth = scram-sha-256
            auth-query = "select rolname, rolpassword from pg_authid where rolname = $1 and rolcanlogin and (rolvaliduntil is null or rolvaliduntil > now())"
            """);
        await using var direct = await door.GoRoundAsync();
        var stem = new NpgsqlConnectionStringBuilder(door.Direct).Database!;
        await direct.ScalarAsync($"""
            set password_encryption = 'scram-sha-256';
            create role {stem}_ok login password 'pw' valid until 'infinity'; create role {stem}_late login password 'pw' valid until '2001-01-01'; create role {stem}_no nologin password 'pw'
            """);
        try
        {
            await using (await door.ConnectAsync(text => (text.Username, text.Password) = ($"{stem}_ok", "pw")))
            {
            }
            foreach (var kept in new[] { "late", "no" })
            {
                var failure = await Assert.ThrowsAsync<PostgresException>(() =>
                    door.ConnectAsync(text => (text.Username, text.Password) = ($"{stem}_{kept}", "pw")));
                Assert.Equal("28P01", failure.SqlState);
            }
        }
        finally
        {
            await direct.ScalarAsync($"drop role {stem}_ok; drop role {stem}_late; drop role {stem}_no");
        }
    }

    [Fact]
    public async Task Users_are_looked_up_where_the_pool_looks_and_not_where_a_client_wishes()
    {
        await using var door =
            await DoorStage.OpenAsync("auth = scram-sha-256, auth-query = \"select name, kept from users where name = $1\"");
        await using var direct = await door.GoRoundAsync();
        var (ours, theirs) = (ScramVerifier.Of("ours", new byte[16], 4096).Format(),
            ScramVerifier.Of("theirs", new byte[16], 4096).Format());
        await direct.ScalarAsync($"""
            create table users (name text, kept text); insert into users values ('eve', '{ours}');
            create schema hers; create table hers.users (name text, kept text); insert into hers.users values ('eve', '{theirs}')
            """);
        Task<NpgsqlConnection> Connect(string password) =>
            door.ConnectAsync(text => (text.Username, text.Password, text.Options) = ("eve", password, "-c search_path=hers"));

        await using (var connection = await Connect("ours"))
        {
            Assert.Equal("hers", await connection.ScalarAsync("show search_path"));
        }
        Assert.Equal("28P01", (await Assert.ThrowsAsync<PostgresException>(() => Connect("theirs"))).SqlState);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_same_bytes_in_another_encoding_are_another_text(bool prepared)
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var modern = await door.ConnectAsync();
        await using var old = await door.ConnectAsync(static text => (text.ClientEncoding, text.Encoding) = ("LATIN1", "ISO-8859-1"));

        for (var round = 0; round < 3; round++)
        {
            // one letter in UTF-8, and two in Latin 1, of the same two bytes
            Assert.Equal(1, await LengthAsync(modern, "\u00e9", prepared));
            Assert.Equal(2, await LengthAsync(old, "\u00c3\u00a9", prepared));
            Assert.Equal(1, await LengthAsync(old, "\u00e9", prepared));
        }
        await old.ScalarAsync("create table \"caf\u00e9\" as select 'cr\u00e8me' as \"ann\u00e9e\"");
        Assert.Equal("cr\u00e8me", await modern.ScalarAsync("select \"ann\u00e9e\" from \"caf\u00e9\""));
        Assert.Equal("cr\u00e8me", await old.ScalarAsync("select \"ann\u00e9e\" from \"caf\u00e9\""));
    }

    [Fact]
    public async Task A_date_that_one_client_reads_otherwise_is_not_that_of_another()
    {
        await using var door = await DoorStage.OpenAsync(pool: "size = 1, overflow = 0");
        await using var american = await door.ConnectAsync(static text => text.Options = "-c datestyle=ISO,MDY");
        await using var european = await door.ConnectAsync(static text => text.Options = "-c datestyle=ISO,DMY");
        async Task<int> MonthAsync(NpgsqlConnection connection)
        {
            await using var command = new NpgsqlCommand("select extract(month from date '03/04/2005')::int", connection);
            await command.PrepareAsync();
            return (int)(await command.ExecuteScalarAsync())!;
        }

        for (var round = 0; round < 3; round++)
        {
            Assert.Equal((3, 4), (await MonthAsync(american), await MonthAsync(european)));
        }
        // as it is read now, not as it was when it was prepared, and nobody else reads it so
        await american.ScalarAsync("set datestyle = 'ISO,DMY'");
        Assert.Equal(4, await MonthAsync(american));
        await american.ScalarAsync("set datestyle = 'ISO,MDY'");
        Assert.Equal((3, 4), (await MonthAsync(american), await MonthAsync(european)));
    }

    private static async Task<object?> LengthAsync(NpgsqlConnection connection, string text, bool prepared)
    {
        await using var command = new NpgsqlCommand($"select length('{text}')", connection);
        if (prepared)
        {
            await command.PrepareAsync();
        }
        return await command.ExecuteScalarAsync();
    }

    private static async Task<string> ShownAsync(NpgsqlConnection connection) =>
        (string)(await connection.ScalarAsync(
            "begin; select application_name from pg_stat_activity where pid = pg_backend_pid(); commit"))!;
}
