using System.Buffers.Binary;
using Akka.Actor;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Remote.Frames;
using Broker.Client.Remote.Links;
using Broker.Client.Sessions;
using Xunit;
using Failure = Broker.Client.Protocol.Failures.Failure;

namespace Broker.Tests.Doors;

/// <summary>Peers that pass the transport's greeting and mean ill. After each the broker is whole: a client with manners is served, and nothing is held.</summary>
public sealed class HostileTests : RawStage
{
    /// <summary>An errand waits while the one connection is lent: otherwise the pool opens one more for it, and whether it waited is luck.</summary>
    private const string NoReserve = "broker.server-defaults { max-connections = 1, reserve = 0 }";

    [Theory]
    [InlineData("/user/door")]
    [InlineData("/user/door/$a")]
    [InlineData("/user/door/$b")]
    [InlineData("/user/door/$a#1234")]
    public async Task One_that_is_not_logged_in_is_heard_by_nobody(string path)
    {
        await StartAsync();
        await using var stranger = new RawClient(Address);

        var target = stranger.At(path);
        stranger.Tell(target, new LinkFrame(1, 0, new byte[100]));
        stranger.Tell(target, new ProveUser(new byte[50], 7));
        stranger.Tell(target, Goodbye.Instance);

        await AssertWholeAsync();
        Assert.IsType<Admitted>(await stranger.LoginAsync());
    }

    [Fact]
    public async Task One_that_goes_for_another_client_cannot_end_it()
    {
        await StartAsync();
        await using var victim = await LoggedInAsync();
        await using var stranger = await LoggedInAsync("bob", "other");

        var gate = stranger.At(victim.Gate.Path.ToStringWithoutAddress());
        stranger.Tell(gate, Goodbye.Instance);
        stranger.Tell(gate, new LinkFrame(1, 0, new byte[100]));

        await FindPoolAsync(victim);
        await AssertWholeAsync();
    }

    [Fact]
    public async Task Another_users_client_cannot_be_resumed()
    {
        await StartAsync();
        await using var ann = await LoggedInAsync();
        await using var bob = new RawClient(Address);

        Assert.IsType<ClientRefused>(Assert.IsType<Refused>(await bob.LoginAsync("bob", "other", resumes: ann.Id)).Failure);

        await FindPoolAsync(ann);
        await AssertWholeAsync();
    }

    [Fact]
    public async Task A_version_too_old_is_refused_by_name()
    {
        await StartAsync();
        await using var old = new RawClient(Address);

        old.Tell(old.Door, new Knock(Options, "broker", old.Id).Hello() with { Oldest = 0, Newest = 0 });

        Assert.Equal(0, Assert.IsType<ProtocolUnsupported>((await old.HearAsync<Refused>()).Failure).Newest);
        await AssertWholeAsync();
    }

    public static TheoryData<string> Malformed => ["no part", "a length beyond", "too many pieces", "too large", "an answer", "a reply", "the login", "no caller", "a caller twice",
        "an end of what it did not ask for", "an end of another stream", "an end of another channel"];

    [Theory]
    [MemberData(nameof(Malformed))]
    public async Task What_no_client_says_ends_it(string what)
    {
        await StartAsync("largest-requests = 1MiB");
        await using var hostile = await LoggedInAsync();
        await FindPoolAsync(hostile);

        Say(hostile, what);

        await AssertGoneAsync(hostile);
        await AssertWholeAsync();
    }

    [Fact]
    public async Task A_reference_that_it_was_not_given_is_nobody()
    {
        await StartAsync();
        await using var hostile = await LoggedInAsync();
        await using var other = await LoggedInAsync();
        await FindPoolAsync(other);

        for (var number = Pool; number < 200; number++)
        {
            hostile.Ask(number, number, Errand("select 1"));
        }

        Assert.All(await AnswersAsync(hostile, (int)(200 - Pool)), answer => Assert.IsType<BrokerStopping>(Assert.IsType<Refused>(answer).Failure));
        await AssertWholeAsync();
    }

    [Fact]
    public async Task A_handle_of_another_client_is_not_its()
    {
        await StartAsync();
        var client = await ConnectAsync();
        await using var session = new SessionFactory(client, "orders").Open();
        await session.ExecuteAsync($"create temporary table mine as select 7 as a");
        await using var hostile = await LoggedInAsync();
        var (handle, stranger) = (HandleId.Draw(), SessionId.Draw());

        hostile.Ask(Supervisor, 1, new RunInSession(session.Id, handle, 1, 0, default, Rollback.Instance));
        hostile.Ask(Supervisor, 2, new CancelInSession(session.Id, handle, 1));
        hostile.Ask(Supervisor, 3, new LeaveSession(session.Id, handle));
        hostile.Ask(Supervisor, 4, new NoteUnsent(stranger, handle, 1));

        Assert.All(await AnswersAsync(hostile, 4), answer => Assert.IsType<ConversationGone>(Assert.IsType<Refused>(answer).Failure));
        Assert.Equal(7, Assert.Single(await session.QueryAsync<int>($"select a from mine")));
        await session.RollbackAsync();
        await AssertWholeAsync();
    }

    [Theory]
    [InlineData("stream", long.MinValue)]
    [InlineData("stream", long.MaxValue)]
    [InlineData("errand", long.MinValue)]
    [InlineData("errand", long.MaxValue)]
    [InlineData("conversation", long.MinValue)]
    [InlineData("conversation", long.MaxValue)]
    public async Task How_long_one_says_that_it_waits_is_its_own_affair(string what, long ticks)
    {
        await StartAsync(pool: "size = 1, overflow = 0", more: NoReserve);
        await using var session = new SessionFactory(Broker, "orders").Open();
        await session.ExecuteAsync($"create temporary table mine as select 7 as a");
        await using var hostile = await LoggedInAsync();
        await FindPoolAsync(hostile);
        var (id, handle, wait) = (SessionId.Draw(), HandleId.Draw(), new TimeSpan(ticks));

        hostile.Ask(what == "conversation" ? Supervisor : Pool, 5, what switch
        {
            "stream" => new OpenStream(new(99, 1), new QueryRows(new("select 1")), CallerContext.None, new(wait)),
            "errand" => new RunErrand(new(99, 1), new("select 1"), CallerContext.None, new(wait)),
            _ => new RunInSession(id, handle, 1, 0, default, new Execute(new("select 1"))) { Opens = new(id, handle, "orders", null, new() { Wait = wait }) },
        });

        if (wait < TimeSpan.Zero)
        {
            Assert.IsType<PoolExhausted>(FailureIn(Assert.Single(await AnswersAsync(hostile, 1))));
        }
        else
        {
            await UntilAsync(static status => status.Waiting + status.WaitingErrands == 1);
        }
        Assert.Equal(7, Assert.Single(await session.QueryAsync<int>($"select a from mine")));
        await session.RollbackAsync();
        hostile.Tell(hostile.Gate, Goodbye.Instance);
        await AssertWholeAsync();
    }

    [Theory]
    [InlineData("join")]
    [InlineData("open")]
    public async Task A_conversation_of_a_database_that_it_may_not_use_runs_nothing_for_it(string how)
    {
        await StartAsync(more: "broker.gateway.hba = [\"host orders ann all scram-sha-256\", \"host elsewhere bob all scram-sha-256\"]");
        await using var session = new SessionFactory(Broker, "orders").Open();
        await session.ExecuteAsync($"create temporary table mine as select 7 as a");
        await using var hostile = await LoggedInAsync("bob", "other");
        var handle = HandleId.Draw();

        // The second does not wait for what the first is told.
        hostile.Ask(Supervisor, 1, how == "join" ? new JoinSession(session.Id, handle) : new OpenSession(session.Id, handle, "elsewhere", null, ConversationTerms.Default));
        var run = new RunInSession(session.Id, handle, 1, 0, default, new Execute(new Statement("delete from mine")));
        hostile.Ask(Supervisor, 2, run);
        hostile.Ask(Supervisor, 3, run with { Opens = new(session.Id, handle, "elsewhere", null, ConversationTerms.Default) });

        Assert.Equal(
            [typeof(AccessDenied), typeof(ConversationGone), typeof(ConversationGone)],
            (await AnswersAsync(hostile, 3)).Select(static answer => FailureIn(answer).GetType()).OrderBy(static type => type.Name));
        Assert.Equal(7, Assert.Single(await session.QueryAsync<int>($"select a from mine")));
        await session.RollbackAsync();
    }

    [Fact]
    public async Task A_command_in_the_name_of_its_own_conversation_does_nothing_in_another()
    {
        await StartAsync();
        await using var session = new SessionFactory(Broker, "orders").Open();
        await session.ExecuteAsync($"create temporary table mine as select 7 as a");
        await using var hostile = await LoggedInAsync("bob", "other");
        var (own, handle, again) = (SessionId.Draw(), HandleId.Draw(), HandleId.Draw());
        hostile.Ask(Supervisor, 1, new OpenSession(own, handle, "orders", null, ConversationTerms.Default));
        Assert.IsType<SessionOpened>(Assert.Single(await AnswersAsync(hostile, 1)));
        hostile.Ask(Supervisor, 2, new JoinSession(session.Id, handle));
        var answer = await AnswerAsync(hostile);
        Assert.Equal(session.Id, Assert.IsType<SessionOpened>(answer.Message).Session);

        // It has both, and names the one to the actor of the other.
        var run = new RunInSession(own, handle, 1, 0, default, new Execute(new Statement("delete from mine")));
        object[] misdirected =
        [
            run, new CancelInSession(own, handle, 1), new NoteUnsent(own, handle, 1), new JoinSession(own, again),
            new OpenSession(own, again, "orders", null, ConversationTerms.Default), new GetCommitOutcome(own, handle, 1), new LeaveSession(own, handle),
        ];
        foreach (var (request, i) in misdirected.Select(static (request, i) => (request, i)))
        {
            hostile.Ask(answer.Second, 10 + i, request);
            Assert.Equal(own, Assert.IsType<ConversationGone>(Assert.IsType<Refused>(Assert.Single(await AnswersAsync(hostile, 1))).Failure).Session);
        }

        Assert.Equal(7, Assert.Single(await session.QueryAsync<int>($"select a from mine")));
        await session.RollbackAsync();
    }

    [Fact]
    public async Task A_conversation_that_it_may_not_join_gives_no_way_to_it()
    {
        await StartAsync(more: "broker.gateway.hba = [\"host orders ann all scram-sha-256\"]");
        await using var session = new SessionFactory(Broker, "orders").Open();
        await session.ExecuteAsync($"select 1");
        await using var hostile = await LoggedInAsync("bob", "other");

        hostile.Ask(Supervisor, 1, new JoinSession(session.Id, HandleId.Draw()));

        var answer = await AnswerAsync(hostile);
        Assert.IsType<AccessDenied>(Assert.IsType<Refused>(answer.Message).Failure);
        Assert.Equal(0, answer.Second);
        await session.RollbackAsync();
    }

    [Fact]
    public async Task A_conversation_that_works_as_somebody_else_is_not_joined()
    {
        await StartAsync(more: "broker.databases.orders.users.carol.password = \"third\"");
        var opens = new OpenSession(SessionId.Draw(), HandleId.Draw(), "orders", "carol", ConversationTerms.Default);
        await Sys.ActorSelection("/user/broker").Ask<SessionOpened>(opens);
        await using var hostile = await LoggedInAsync("bob", "other");

        hostile.Ask(Supervisor, 1, new JoinSession(opens.Session, HandleId.Draw()));
        hostile.Ask(Supervisor, 2, new OpenSession(opens.Session, HandleId.Draw(), "orders", null, ConversationTerms.Default));

        Assert.All(await AnswersAsync(hostile, 2), answer => Assert.Contains("carol", Assert.IsType<AccessDenied>(FailureIn(answer)).Message, StringComparison.Ordinal));
        await using var carol = await LoggedInAsync("carol", "third");
        carol.Ask(Supervisor, 1, new JoinSession(opens.Session, HandleId.Draw()));
        Assert.IsType<SessionOpened>(Assert.Single(await AnswersAsync(carol, 1)));
    }

    [Fact]
    public async Task A_handle_is_asked_for_once_at_a_time()
    {
        await StartAsync(more: "broker.gateway.hba = [\"host orders ann all scram-sha-256\"]");
        await using var session = new SessionFactory(Broker, "orders").Open();
        await session.ExecuteAsync($"select 1");
        await using var hostile = await LoggedInAsync("bob", "other");
        var join = new JoinSession(session.Id, HandleId.Draw());

        hostile.AskAll((Supervisor, 1, join), (Supervisor, 2, join));

        Assert.Equal(
            [typeof(AccessDenied), typeof(ConversationGone)],
            (await AnswersAsync(hostile, 2)).Select(static answer => FailureIn(answer).GetType()).OrderBy(static type => type.Name));
        await session.RollbackAsync();
    }

    private static async Task<LinkCodec.Item> AnswerAsync(RawClient client)
    {
        while (true)
        {
            if (RawClient.Items(await client.HearAsync<LinkFrame>()).FirstOrDefault(static item => item.Kind == LinkCodec.Kind.Answer) is { Message: not null } answer)
            {
                return answer;
            }
        }
    }

    // By the door, or by the conversation of which the handle is no part any more.
    private static Failure FailureIn(object answer) => answer is SessionAnswer { Reply: CommandRefused refused } ? refused.Failure : Assert.IsType<Refused>(answer).Failure;

    [Fact]
    public async Task What_opens_a_conversation_opens_the_one_that_it_is_told_to()
    {
        await StartAsync();
        await using var hostile = await LoggedInAsync();
        var opens = new OpenSession(SessionId.Draw(), HandleId.Draw(), "orders", null, ConversationTerms.Default);

        hostile.Ask(Supervisor, 1, new RunInSession(SessionId.Draw(), opens.Handle, 1, 0, default, Rollback.Instance) { Opens = opens });

        await AssertGoneAsync(hostile);
        await AssertWholeAsync();
    }

    [Fact]
    public async Task Requests_without_end_are_refused_beyond_the_limit_and_withdrawn_with_it()
    {
        await StartAsync("max-requests = 10");
        await using var hostile = await LoggedInAsync();
        await FindPoolAsync(hostile);

        for (var i = 0; i < 1000; i++)
        {
            hostile.Ask(Pool, 100 + i, Errand("select pg_sleep(600)"));
        }

        Assert.All(await AnswersAsync(hostile, 990), answer => Assert.IsType<TooManyRequests>(Assert.IsType<Refused>(answer).Failure));
        hostile.Tell(hostile.Gate, Goodbye.Instance);
        await AssertWholeAsync();
    }

    [Theory]
    [InlineData(Supervisor)]
    [InlineData(999)]
    public async Task A_stream_that_is_closed_by_a_word_to_somebody_else_is_closed(long other)
    {
        await StartAsync("max-requests = 3", more: "broker.errands.stream.idle-limit = off");
        await using var hostile = await LoggedInAsync();
        await FindPoolAsync(hostile);
        var (waits, open) = (Stream("select pg_sleep(600)"), Stream("select generate_series(1, 1000000)"));
        hostile.Ask(Pool, 5, waits);
        hostile.Ask(Pool, 6, open);
        Assert.IsType<StreamOpened>(Assert.Single(await AnswersAsync(hostile, 1)));
        // Its name is not the stream.
        hostile.Ask(other, 0, new CloseStream(open.Id));

        hostile.Ask(other, 5, new CloseStream(waits.Id));
        hostile.Ask(other, 6, new CloseStream(open.Id));

        await UntilAsync(static status => status is { Lent: 0, Waiting: 0 });
        await AssertWholeAsync();
    }

    [Fact]
    public async Task One_that_acknowledges_nothing_is_closed_at_its_limit()
    {
        await StartAsync("backlog = 1MiB");
        await using var hostile = await LoggedInAsync();
        await FindPoolAsync(hostile);

        for (var i = 0; i < 20; i++)
        {
            hostile.Ask(Pool, 100 + i, Errand("select repeat('x', 200000)"));
        }

        while ((await hostile.HearAsync<Refused>()).Failure is not ClientStalled)
        {
            // a refusal of the errand would be in a frame
        }
        await AssertGoneAsync(hostile);
        await AssertWholeAsync();
    }

    [Fact]
    public async Task A_client_that_comes_back_as_it_is_given_up_is_let_in()
    {
        await StartAsync();
        await using var client = await LoggedInAsync();
        for (var i = 0; i < 60; i++)
        {
            Assert.IsType<Admitted>(await client.LoginAsync(last: Goodbye.Instance));
        }
        await AssertWholeAsync();
    }

    [Fact]
    public async Task Streams_that_have_ended_count_for_nothing()
    {
        await StartAsync("max-requests = 3");
        var client = await ConnectAsync();
        for (var i = 0; i < 50; i++)
        {
            await foreach (var _ in client.StreamAsync<int>("orders", $"select generate_series(1, 3000)"))
            {
            }
        }
        await AssertWholeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_another_client_asked_is_not_cancelled_by_its_name(bool hasOneOfThatName)
    {
        await StartAsync(pool: "size = 1, overflow = 0", more: NoReserve);
        await using var victim = await LoggedInAsync();
        await using var hostile = await LoggedInAsync("bob", "other");
        await FindPoolAsync(victim);
        await FindPoolAsync(hostile);
        await using var busy = new SessionFactory(Broker, "orders").Open();
        await busy.ExecuteAsync($"create temporary table mine as select 7 as a");
        var waits = Errand("select 1");
        victim.Ask(Pool, 6, waits);
        await UntilAsync(static status => status.WaitingErrands == 1);

        var own = hasOneOfThatName ? Errand("select 2") with { Id = waits.Id } : Errand("select 2");
        hostile.Ask(Pool, 5, own);
        hostile.Ask(Pool, 0, new CancelErrand(waits.Id));
        hostile.Ask(Pool, 0, new CancelErrand(own.Id));

        Assert.IsType<Cancelled>(Assert.IsType<Refused>(Assert.Single(await AnswersAsync(hostile, 1))).Failure);
        Assert.Equal(1, (await Broker.GetStatusAsync("orders")).WaitingErrands);
        victim.Ask(Pool, 0, new CancelErrand(waits.Id));
        Assert.IsType<Cancelled>(Assert.IsType<Refused>(Assert.Single(await AnswersAsync(victim, 1))).Failure);
    }

    [Theory]
    [InlineData(30_000, false)]
    [InlineData(2_000_000, true)]
    public async Task What_would_take_far_more_memory_than_bytes_is_refused_to_who_asked_it(int nulls, bool isRefused)
    {
        await StartAsync();
        await using var client = await LoggedInAsync();
        await FindPoolAsync(client);
        var errand = Errand("select cardinality($1)");

        client.Ask(Pool, 5, errand with { Statement = errand.Statement with { Parameters = [new Parameter<decimal?[]>(new decimal?[nulls])] } });

        var answer = await AnswerAsync(client, 5);
        Assert.Equal(isRefused, answer is Refused { Failure: StatementRefused { Reason: var reason } } && reason.Contains("memory", StringComparison.Ordinal));
        client.Ask(Pool, 6, Errand("select 1"));
        Assert.IsType<ErrandCompleted>(await AnswerAsync(client, 6));
    }

    // Frames that are not acknowledged come again.
    private static async Task<object> AnswerAsync(RawClient client, long caller)
    {
        while (true)
        {
            if (RawClient.Items(await client.HearAsync<LinkFrame>()).FirstOrDefault(item => item.First == caller).Message is { } answer)
            {
                return answer;
            }
        }
    }

    private void Say(RawClient hostile, string what)
    {
        switch (what)
        {
            case "no part": Frame(hostile, 2, [9, 9]); break;
            case "a length beyond": Frame(hostile, 2, [(byte)PieceKind.Whole, 0xFF, 0xFF, 0, 0, 1]); break;
            case "too many pieces":
                for (var i = 0; i < 5000; i++)
                {
                    Frame(hostile, 2 + i, Piece(i, new byte[1]));
                }
                break;
            case "too large":
                for (var i = 0; i < 40; i++)
                {
                    Frame(hostile, 2 + i, Piece(1, new byte[FrameSizes.Piece]));
                }
                break;
            case "an answer": hostile.SendBytes(new LinkCodec(NoReferences.Instance).Answer(1, 1, new SessionLeft(SessionId.Draw(), HandleId.Draw()), out _)); break;
            case "a reply": hostile.Ask(Pool, 5, new Refused(new BrokerStopping("me"))); break;
            case "the login": hostile.Ask(Pool, 5, Goodbye.Instance); break;
            case "no caller": hostile.Ask(Pool, 0, Errand("select 1")); break;
            case "a caller twice":
                hostile.Ask(Pool, 5, Errand("select pg_sleep(600)"));
                hostile.Ask(Pool, 5, Errand("select pg_sleep(600)"));
                break;
            case "an end of what it did not ask for": AskBoth(hostile, Errand("select pg_sleep(600)"), new CloseStream(new(99, 1))); break;
            case "an end of another stream": AskBoth(hostile, Stream("select pg_sleep(600)"), new CloseStream(new(99, 1000))); break;
            case "an end of another channel": AskBoth(hostile, new StartListening("a"), new StopListening("b")); break;
        }
    }

    private static void AskBoth(RawClient hostile, object first, object then)
    {
        hostile.Ask(Pool, 5, first);
        hostile.Ask(Pool, 5, then);
    }

    private OpenStream Stream(string text) => new(Errand("").Id, new QueryRows(new Statement(text)), CallerContext.None, ErrandLimits.Default);

    private static void Frame(RawClient hostile, long sequence, byte[] content) => hostile.Tell(hostile.Gate, new LinkFrame(sequence, 0, content));

    private static byte[] Piece(long number, byte[] bytes)
    {
        var piece = new byte[13 + bytes.Length];
        piece[0] = (byte)PieceKind.More;
        BinaryPrimitives.WriteInt32LittleEndian(piece.AsSpan(1), bytes.Length);
        BinaryPrimitives.WriteInt64LittleEndian(piece.AsSpan(5), number);
        bytes.CopyTo(piece.AsSpan(13));
        return piece;
    }

    private sealed class NoReferences : Client.Protocol.Serialization.IReferenceTable
    {
        internal static readonly NoReferences Instance = new();

        public long NumberOf(IActorRef reference) => 0;

        public IActorRef Find(long number) => ActorRefs.Nobody;
    }
}
