using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;
using Broker.Client.Remote.Links;
using Xunit;

namespace Broker.Tests.Doors;

/// <summary>Conversations of a client that end by themselves: it has nothing of them any more, as if it had left.</summary>
public sealed class EndedConversationsTests : RawStage
{
    private readonly OpenSession _opens = new(SessionId.Draw(), HandleId.Draw(), "orders", null, ConversationTerms.Default);

    [Theory]
    [InlineData("opened")]
    [InlineData("joined")]
    [InlineData("opened by a command")]
    [InlineData("opened by a commit")]
    public async Task A_handle_of_one_that_has_ended_is_not_its_any_more(string how)
    {
        await StartAsync();
        await Broker.ExecuteAsync("orders", $"create table effects (id int)");
        await using var other = await LoggedInAsync();
        await using var client = await LoggedInAsync();
        var handle = await TakeHandleAsync(client, other, how);

        Sys.Stop(await Sys.ActorSelection($"/user/broker/sessions/{_opens.Session}").ResolveOne(TimeSpan.FromSeconds(20)));
        while (!RawClient.Items(await client.HearAsync<LinkFrame>()).Any(static item => item.Kind == LinkCodec.Kind.Gone))
        {
            // what else it is told
        }

        var gone = Assert.IsType<ConversationGone>((await AskAsync<Refused>(client, new LeaveSession(_opens.Session, handle))).Failure);
        Assert.Equal("this client has no such handle of it", gone.Cause);
    }

    private async Task<HandleId> TakeHandleAsync(RawClient client, RawClient other, string how)
    {
        var run = new RunInSession(_opens.Session, _opens.Handle, 1, 0, default, new Execute(new("select 1")));
        switch (how)
        {
            case "opened": await AskAsync<SessionOpened>(client, _opens); break;
            case "joined":
                await AskAsync<SessionOpened>(other, _opens);
                var guest = HandleId.Draw();
                await AskAsync<SessionOpened>(client, new JoinSession(_opens.Session, guest));
                return guest;
            case "opened by a command": await AskAsync<SessionAnswer>(client, run with { Opens = _opens }); break;
            case "opened by a commit":
                var insert = new StatementStep("public.effects", new("insert into effects values (1)"));
                await AskAsync<SessionAnswer>(client, run with { Command = new Commit([insert]), Opens = _opens });
                await AskAsync<SessionAnswer>(client, run with { Sequence = 2 });
                break;
        }
        return _opens.Handle;
    }

    private static async Task<T> AskAsync<T>(RawClient client, object request)
    {
        client.Ask(Supervisor, 1, request);
        return Assert.IsType<T>(Assert.Single(await AnswersAsync(client, 1)));
    }
}
