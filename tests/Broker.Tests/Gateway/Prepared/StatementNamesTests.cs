using Broker.Gateway.Prepared;
using Broker.PgWire.Messages;
using Broker.PgWire.Releasing;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Xunit;

namespace Broker.Tests.Gateway.Prepared;

public sealed class StatementNamesTests
{
    private readonly StatementBook _book = new();
    private readonly ClientStatements _client;
    private readonly LinkStatements _link;

    public StatementNamesTests() => (_client, _link) = (new(_book), new(_book, 2));

    [Fact]
    public void A_text_that_another_client_has_prepared_on_the_link_is_answered_without_the_server()
    {
        Send(Parse("a", "select 1"));

        Assert.Equal("here ParseComplete", Send(new(_book), Parse("other", "select 1")));
    }

    [Fact]
    public void The_same_text_with_other_parameter_types_is_another_statement()
    {
        Assert.Equal("Parse broker_1", Send(Parse("a", "select $1")));
        Assert.Equal("Parse broker_2", Send(Parse("b", "select $1", 23)));
    }

    [Fact]
    public void A_Parse_of_a_name_that_is_taken_is_the_servers_to_refuse()
    {
        Send(Parse("a", "select 1"));

        Assert.Equal("Parse broker_1", Send(Parse("a", "select 2")));
    }

    [Fact]
    public void A_Close_ends_the_name_and_keeps_the_statement_for_others()
    {
        Send(Parse("a", "select 1"));

        Assert.Equal("here CloseComplete", Send(Close("a")));
        Assert.Equal(1, _link.Count);
        Assert.Equal("Close nothing", Send(Close("nothing")));
        Assert.Equal("Bind a", Send(Bind("a")));
    }

    [Fact]
    public void What_a_link_does_not_have_is_prepared_first_and_its_answer_is_hidden()
    {
        Send(Parse("a", "select 1"));
        var other = new LinkStatements(_book, 2);

        Assert.Equal("(Parse broker_1) Bind broker_1", Send(_client, Bind("a"), other));
        Assert.Equal("Bind broker_1", Send(_client, Bind("a"), other));
    }

    [Fact]
    public void The_unnamed_statement_is_prepared_anew_on_a_link_that_has_another_or_none()
    {
        Assert.Equal("Parse ", Send(Parse("", "select 1")));
        var stranger = new ClientStatements(_book);
        Assert.Equal("Parse ", Send(stranger, Parse("", "select 2")));

        Assert.Equal("(Parse ) Bind ", Send(Bind("")));
        Assert.Equal("Bind broker_0", Send(new(_book), Bind("")));
        Send(new Query(WireText.Of("select 3")));
        Assert.Equal("Bind broker_0", Send(Bind("")));
    }

    [Fact]
    public void The_statement_that_was_not_used_for_longest_makes_room()
    {
        Send(Parse("a", "select 1"));
        Send(Parse("b", "select 2"));
        Send(Bind("a"));

        Assert.Equal("(Close broker_2) Parse broker_3", Send(Parse("c", "select 3")));
        Assert.Equal("(Close broker_1) (Parse broker_2) Bind broker_2", Send(Bind("b")));
    }

    [Fact]
    public void A_name_that_looks_like_one_of_ours_never_meets_it()
    {
        Send(Parse("a", "select 1"));

        Assert.Equal("Bind broker_0", Send(Bind("broker_1")));
        Assert.Equal("Parse broker_2", Send(Parse("broker_1", "select 2")));
        Assert.Equal("Bind broker_2", Send(Bind("broker_1")));
    }

    [Fact]
    public void A_stale_plan_is_prepared_anew_at_its_next_use()
    {
        Send(Parse("a", "select 1"));
        _link.Doubt(new(1));

        Assert.Equal("(Close broker_1) (Parse broker_1) Bind broker_1", Send(Bind("a")));
        Assert.Equal("Bind broker_1", Send(Bind("a")));
    }

    [Fact]
    public void After_DISCARD_ALL_a_link_has_nothing_and_a_client_keeps_its_names_unless_it_was_its_own()
    {
        Send(Parse("a", "select 1"));
        _link.Clear();

        Assert.Equal("(Parse broker_1) Bind broker_1", Send(Bind("a")));
        _link.Clear();
        _client.Clear();
        Assert.Equal("Bind a", Send(Bind("a")));
        Assert.Equal(0, _book.Count);
    }

    [Fact]
    public void Who_is_gone_keeps_nothing_of_what_was_not_answered_either()
    {
        Send(Parse("a", "select 1"));
        var names = new StatementNames(_book, _client, _link);
        names.Rewrite(Parse("b", "select 2"));
        names.Rewrite(Parse("", "select 3"));
        names.Rewrite(Parse("", "select 4"));

        _client.End();
        Assert.Equal(4, _book.Count);
        _link.End();
        Assert.Equal(0, _book.Count);
    }

    [Fact]
    public void A_Parse_that_failed_leaves_no_name()
    {
        var names = new StatementNames(_book, _client, _link);
        names.Rewrite(Parse("a", "selec"));
        _client.Failed();
        _link.Failed();

        Assert.Equal("Bind a", Send(Bind("a")));
        Assert.Equal(0, _book.Count);
    }

    [Fact]
    public void A_name_of_a_series_that_is_not_answered_has_to_be_waited_for()
    {
        var names = new StatementNames(_book, _client, _link);
        names.Rewrite(Parse("a", "select 1"));
        Assert.False(names.MustWait(Bind("a")));
        names.Rewrite(Sync.Instance);

        Assert.True(names.MustWait(Bind("a")) && names.MustWait(Parse("a", "select 2")) && names.MustWait(Parse("b", "select 1")));
        Assert.False(names.MustWait(Bind("b")) || names.MustWait(Parse("b", "select 2")) || names.MustWait(Sync.Instance));
    }

    private string Send(IFrontendMessage message) => Send(_client, message, _link);

    private string Send(ClientStatements client, IFrontendMessage message) => Send(client, message, _link);

    /// <summary>What goes to the server, all of it done at once; what is hidden in brackets.</summary>
    private string Send(ClientStatements client, IFrontendMessage message, LinkStatements link)
    {
        var all = new StatementNames(_book, client, link).Rewrite(message);
        foreach (var one in all)
        {
            if (one.Accounts.HasFlag(Accounts.Client))
            {
                client.Done();
            }
            if (one.Accounts.HasFlag(Accounts.Link))
            {
                link.Done();
            }
        }
        return string.Join(" ", all.Select(static one => one.IsHidden ? $"({Word(one)})" : Word(one)));
    }

    private static string Word(Outgoing one) => one.Message switch
    {
        null => $"here {one.Answer}",
        Parse parse => $"Parse {parse.Statement}",
        Bind bind => $"Bind {bind.Statement}",
        Close close => $"Close {close.Name}",
        var other => other.GetType().Name,
    };

    private static Parse Parse(string name, string text, params uint[] types) => new(WireText.Of(name), WireText.Of(text), [.. types]);

    private static Bind Bind(string name) => new(WireText.Empty, WireText.Of(name), [], [], []);

    private static Close Close(string name) => new(TargetKind.Statement, WireText.Of(name));
}
