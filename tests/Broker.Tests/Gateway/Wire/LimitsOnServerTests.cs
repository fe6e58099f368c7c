using System.Net.Sockets;
using Broker.PgWire.Framing;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Startup;
using Broker.PgWire.Values;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Wire;

/// <summary>What is refused, and how options are read, is as PostgreSQL itself does it.</summary>
public sealed class LimitsOnServerTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public async Task The_longest_short_message_is_what_the_server_takes(int more, bool taken)
    {
        var database = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        using var connection = await RawConnection.ConnectAsync(database.Port);
        Assert.Null((await connection.LoginAsync(database.Username!, Credential.None, database: database.Database!)).Failed);
        // the length, the kind and the zero byte
        var name = new string('x', FrameLimits.Small - sizeof(int) - 2 + more);
        await connection.SendAsync(new Close(TargetKind.Portal, WireText.Of(name)), Sync.Instance);

        if (taken)
            await connection.ReceiveToReadyAsync();
        else
            Assert.True(await Record.ExceptionAsync(connection.ReceiveToReadyAsync) is IOException or SocketException);
    }

    [Theory]
    [InlineData(@"-c application_name=a\")]
    [InlineData(@"-c application_name=a\\\")]
    [InlineData(@"--application-name=a\ \b")]
    public async Task Options_are_read_as_the_server_reads_them(string options)
    {
        var database = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync()) { Options = options, Pooling = false };
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var show = source.CreateCommand("show application_name");

        Assert.Equal(await show.ExecuteScalarAsync(), Assert.Single(CommandLineOptions.Read(WireText.Of(options), out _)).Value.ToString());
    }
}
