using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using FsCheck.Xunit;
using Xunit;

namespace Broker.PgWire.Tests.Releasing;

/// <summary>What becomes of each that was sent is told once, in order, and as the server did it.</summary>
public sealed class FateTests
{
    private readonly LinkUse _link = new();

    [Fact]
    public void What_is_answered_is_done()
    {
        _link.Sent(FrontendType.Parse, accounts: Accounts.Client | Accounts.Link);
        _link.Sent(FrontendType.Sync);

        Assert.Empty(Taken());
        _link.Received(BackendType.ParseComplete);
        Assert.Equal([new(Accounts.Client | Accounts.Link, Fate.Done, null)], Taken());
    }

    [Fact]
    public void Behind_an_error_all_is_skipped_up_to_the_next_Sync_what_is_sent_later_too()
    {
        _link.Sent(FrontendType.Parse, accounts: Accounts.Link);
        _link.Sent(FrontendType.Close, accounts: Accounts.Client);
        _link.AnswersHere(BackendType.ParseComplete, Accounts.Client);
        _link.Received(BackendType.ErrorResponse);
        _link.Sent(FrontendType.Parse, accounts: Accounts.Client);
        _link.AnswersHere(BackendType.CloseComplete, Accounts.Client);
        _link.Sent(FrontendType.Sync);
        _link.Received(BackendType.ReadyForQuery);

        Assert.Equal(
            [
                new(Accounts.Link, Fate.Failed, null),
                new(Accounts.Client, Fate.Skipped, null),
                new(Accounts.Client, Fate.Skipped, null),
                new(Accounts.Client, Fate.Skipped, null),
                new(Accounts.Client, Fate.Skipped, null),
            ],
            Taken());
        Assert.True(_link.CanRelease);
    }

    [Fact]
    public void An_answer_of_ours_is_given_when_all_before_it_is_answered()
    {
        _link.Sent(FrontendType.Bind);
        _link.AnswersHere(BackendType.ParseComplete, Accounts.Client);
        _link.AnswersHere(BackendType.CloseComplete, Accounts.Client);
        _link.Sent(FrontendType.Execute);
        _link.Sent(FrontendType.Sync);
        Assert.Empty(Taken());

        Assert.Equal(Addressee.Client, _link.Received(BackendType.BindComplete));
        Assert.Equal(
            [new(Accounts.Client, Fate.Done, BackendType.ParseComplete), new(Accounts.Client, Fate.Done, BackendType.CloseComplete)],
                Taken());
        Assert.Equal(Addressee.Client, _link.Received(BackendType.CommandComplete));
    }

    [Fact]
    public void An_answer_of_ours_is_given_at_once_when_nothing_is_before_it()
    {
        _link.AnswersHere(BackendType.ParseComplete, Accounts.Client);

        Assert.Equal([new(Accounts.Client, Fate.Done, BackendType.ParseComplete)], Taken());
    }

    [Property(MaxTest = 3_000)]
    public void Each_is_told_once_and_as_many_are_done_as_the_server_did(int seed)
    {
        var random = new Random(seed);
        var server = new ModelServer(random);
        var (sent, told, done, parsed) = (0, 0, 0, 0);
        for (var step = 0; step < 80; step++)
        {
            switch (random.Next(4))
            {
                case 0:
                    var type = random.GetItems([FrontendType.Parse, FrontendType.Parse, FrontendType.Sync, FrontendType.Query,
                        FrontendType.Execute], 1)[0];
                    server.Send(type, TargetKind.Portal);
                    _link.Sent(type, TargetKind.Portal, accounts: type is FrontendType.Parse ? Accounts.Client : Accounts.None);
                    sent += type is FrontendType.Parse ? 1 : 0;
                    break;
                case 1 when random.Next(3) == 0:
                    _link.AnswersHere(BackendType.ParseComplete, Accounts.Link);
                    sent++;
                    break;
                case 2 when server.HasUnread:
                    server.Step();
                    break;
                case 3 when server.HasUndelivered:
                    var (answer, status) = server.Deliver();
                    _link.Received(answer, status);
                    parsed += answer is BackendType.ParseComplete ? 1 : 0;
                    break;
            }
            if (_link.IsDoubtful)
                return;
            foreach (var settled in Taken())
            {
                told++;
                done += settled is { Accounts: Accounts.Client, Fate: Fate.Done } ? 1 : 0;
            }
            Assert.Equal(parsed, done);
            Assert.True(told <= sent);
            Assert.True(!_link.IsAtRest || told == sent);
        }
    }

    private List<Settled> Taken()
    {
        var taken = new List<Settled>();
        while (_link.TryTakeSettled(out var settled))
            taken.Add(settled);
        return taken;
    }
}
