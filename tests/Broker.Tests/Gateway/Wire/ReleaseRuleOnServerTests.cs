using Broker.PgWire.Logins;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Both;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Values;
using Broker.Postgres;
using Npgsql;
using Xunit;

namespace Broker.Tests.Gateway.Wire;

/// <summary>The release rule against PostgreSQL itself: what the model of its main loop does is what it does.</summary>
public sealed class ReleaseRuleOnServerTests
{
    private static readonly WireText Copy = WireText.Of("copy t from stdin");

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_pipelines_are_followed_to_their_rest(int seed)
    {
        using var connection = await OpenAsync();
        var (random, link) = (new Random(seed), new LinkUse());
        for (var pipeline = 0; pipeline < 400; pipeline++)
        {
            var said = new List<IFrontendMessage>();
            for (var length = random.Next(1, 12); length > 0; length--)
                said.Add(Any(random));
            said.Add(Sync.Instance);
            await SendAsync(connection, link, said);
            await ToRestAsync(connection, link);
        }
    }

    [Theory]
    [InlineData(false, false, true, true)]
    [InlineData(false, false, false, true)]
    [InlineData(false, false, true, false)]
    [InlineData(true, true, true, true)]
    [InlineData(true, false, true, true)]
    [InlineData(true, false, false, true)]
    [InlineData(true, false, true, false)]
    public async Task A_COPY_is_followed_to_its_rest_however_it_ends(bool series, bool syncTooEarly, bool goodData, bool done)
    {
        using var connection = await OpenAsync();
        var link = new LinkUse();
        IFrontendMessage[] begin = series
            ? [new Parse(WireText.Empty, Copy, []), new Bind(WireText.Empty, WireText.Empty, [], [], []), new Execute(WireText.Empty, 0)]
            : [new Query(Copy)];
        await SendAsync(connection, link, syncTooEarly ? [.. begin, Sync.Instance] : begin);
        while (!link.IsCopyIn)
            await ReceiveAsync(connection, link);
        await SendAsync(connection, link,
            [new CopyData(goodData ? "1\n"u8.ToArray() : "x\n"u8.ToArray()), done ? CopyDone.Instance : new CopyFail(Copy)]);
        if (series)
            await SendAsync(connection, link, [Sync.Instance]);
        await ToRestAsync(connection, link);

        // nothing of it is left for who comes next
        await SendAsync(connection, link, [new Query(WireText.Of("select count(*) from t"))]);
        var count = (await ToRestAsync(connection, link)).OfType<DataRow>().Single().Values[0]!.Value;
        Assert.Equal(goodData && done ? "1" : "0", System.Text.Encoding.ASCII.GetString(count.Span));
    }

    private static async Task<RawConnection> OpenAsync()
    {
        var database = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        var connection = await RawConnection.ConnectAsync(database.Port);
        Assert.Null((await connection.LoginAsync(database.Username!, Credential.None, database: database.Database!)).Failed);
        await connection.SendAsync(new Query(WireText.Of("create table t (id int primary key deferrable initially deferred)")));
        await connection.ReceiveToReadyAsync();
        return connection;
    }

    private static async Task<List<IBackendMessage>> ToRestAsync(RawConnection connection, LinkUse link)
    {
        var all = new List<IBackendMessage>();
        while (!link.IsAtRest)
            all.Add(await ReceiveAsync(connection, link));
        Assert.True(link.CanRelease);
        return all;
    }

    private static IFrontendMessage Any(Random random) => random.Next(16) switch
    {
        0 => new Query(WireText.Of("select generate_series(1, 3)")),
        1 => new Query(WireText.Of("select 1/0")),
        2 => new Query(WireText.Of("")),
        3 => new Query(WireText.Of("select 1; select 2; begin; commit")),
        4 => new Query(WireText.Of("do $$ begin raise notice 'hello'; end $$; copy (select 1) to stdout")),
        5 => new Parse(WireText.Empty, WireText.Of("select generate_series(1, 3), $1::int"), []),
        6 => new Parse(WireText.Empty, WireText.Of("insert into t values ($1::int)"), []),
        7 => new Parse(WireText.Empty, WireText.Of("selec"), []),
        8 => new Bind(WireText.Empty, WireText.Empty, [], ["7"u8.ToArray()], []),
        9 => new Describe(TargetKind.Statement, WireText.Empty),
        10 => new Describe(TargetKind.Portal, WireText.Empty),
        11 => new Execute(WireText.Empty, random.Next(3)),
        12 => new Close(TargetKind.Portal, WireText.Of("nothing")),
        13 => Flush.Instance,
        14 => random.Next(3) == 0 ? new FunctionCall(1598, [], [], 0) : new CopyData("8\n"u8.ToArray()),
        _ => Sync.Instance,
    };

    private static async Task SendAsync(RawConnection connection, LinkUse link, IReadOnlyList<IFrontendMessage> messages)
    {
        foreach (var message in messages)
        {
            var (type, target) = message switch
            {
                Bind => (FrontendType.Bind, default(TargetKind)),
                Close => (FrontendType.Close, default),
                CopyData => (FrontendType.CopyData, default),
                CopyDone => (FrontendType.CopyDone, default),
                CopyFail => (FrontendType.CopyFail, default),
                Describe describe => (FrontendType.Describe, describe.Kind),
                Execute => (FrontendType.Execute, default),
                Flush => (FrontendType.Flush, default),
                FunctionCall => (FrontendType.FunctionCall, default),
                Parse => (FrontendType.Parse, default),
                Query => (FrontendType.Query, default),
                _ => (FrontendType.Sync, default),
            };
            link.Sent(type, target);
        }
        await connection.SendAsync([.. messages]);
    }

    private static async Task<IBackendMessage> ReceiveAsync(RawConnection connection, LinkUse link)
    {
        var message = await connection.ReceiveAsync();
        var addressee = link.Received((BackendType)Type(message), message is ReadyForQuery { Status: var status } ? status : default);
        Assert.True(addressee is Addressee.Client or Addressee.Anyone && !link.IsDoubtful, $"{message} came unasked");
        return message;
    }

    private static byte Type(IBackendMessage message)
    {
        var writer = new WireWriter();
        message.Write(writer);
        return writer.Written.Span[0];
    }
}
