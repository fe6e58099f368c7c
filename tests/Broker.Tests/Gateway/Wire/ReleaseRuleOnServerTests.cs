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
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Random_pipelines_are_followed_to_their_rest(int seed)
    {
        var database = new NpgsqlConnectionStringBuilder(await SharedPostgres.CreateDatabaseAsync());
        using var connection = await RawConnection.ConnectAsync(database.Port);
        Assert.Null((await connection.LoginAsync(database.Username!, Credential.None, database: database.Database!)).Failed);
        await connection.SendAsync(new Query(WireText.Of("create table t (id int primary key deferrable initially deferred)")));
        await connection.ReceiveToReadyAsync();
        var (random, link) = (new Random(seed), new LinkUse());
        for (var pipeline = 0; pipeline < 400; pipeline++)
        {
            var said = new List<IFrontendMessage>();
            for (var length = random.Next(1, 12); length > 0; length--)
                said.Add(Any(random));
            // what ends every series, and whatever COPY it has come to
            said.Add(new CopyFail(WireText.Of("enough")));
            said.Add(Sync.Instance);
            await SendAsync(connection, link, said);
            while (!link.IsAtRest && !link.IsDoubtful)
            {
                if (!link.IsAwaiting)
                    await SendAsync(connection, link, [Sync.Instance]);
                else if (link.IsCopyIn)
                    await SendAsync(connection, link, [new CopyFail(WireText.Of("enough"))]);
                await ReceiveAsync(connection, link, said);
            }
            if (link.IsDoubtful)
            {
                // rightly so only where a message of ours met a COPY
                Assert.Contains(said, static message => message is Query { Text: var text } && text == Copy || message is Parse { Query: var query } && query == Copy);
                return;
            }
        }
    }

    private static readonly WireText Copy = WireText.Of("copy t from stdin");

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

    private static async Task ReceiveAsync(RawConnection connection, LinkUse link, IReadOnlyList<IFrontendMessage> said)
    {
        var message = await connection.ReceiveAsync();
        var type = (BackendType)Type(message);
        var addressee = link.Received(type, message is ReadyForQuery { Status: var status } ? status : default);
        Assert.True(
            addressee is Addressee.Client or Addressee.Anyone, $"{message} after {string.Join(" ", said.Select(static one => one.GetType().Name))}");
    }

    private static byte Type(IBackendMessage message)
    {
        var writer = new WireWriter();
        message.Write(writer);
        return writer.Written.Span[0];
    }
}
