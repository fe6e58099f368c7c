using Broker.Gateway.Prepared;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Releasing;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Xunit;

namespace Broker.Tests.Gateway.Prepared;

public sealed class StatementNamesTests
{
    private static readonly ResultShape One = ResultOf("one");
    private static readonly ResultShape Two = ResultOf("one", "two");

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

    [Fact]
    public void What_is_deallocated_by_text_ends_for_its_client_only()
    {
        Send(Parse("a", "select 1"));

        Assert.Null(new StatementNames(_book, _client, _link).Deallocate(WireText.Of("b"), parse: null));
        Assert.Equal(
            "(Close broker_stand) (Parse broker_stand) (Parse ) (Bind ) Execute Sync",
            Send(_client, names => names.Deallocate(WireText.Of("a"), parse: null)!, _link));
        Assert.Equal((1, "Bind a"), (_link.Count, Send(Bind("a"))));
    }

    [Theory]
    [InlineData("a", "prepared statement \"broker_1\" already exists", "prepared statement \"a\" already exists")]
    [InlineData("a", "Anweisung \"broker_1\" und \"broker_1\"", "Anweisung \"a\" und \"broker_1\"")]
    [InlineData("a", "prepared statement \"broker_7\" does not exist", null)]
    [InlineData("a", "column \"broker_x\" does not exist, nor \"broker_", null)]
    [InlineData("broker_9", "prepared statement \"broker_0\" does not exist", "prepared statement \"broker_9\" does not exist")]
    [InlineData("", "prepared statement \"broker_0\" does not exist", "unnamed prepared statement does not exist")]
    public void What_the_server_says_of_a_name_of_ours_is_said_of_the_clients(string name, string said, string? heard)
    {
        Send(Parse("a", "select 1"));
        var names = new StatementNames(_book, _client, _link);
        names.Rewrite(Bind(name));

        Assert.Equal(heard, names.ByClientsName(WireText.Of(said))?.ToString());
    }

    [Fact]
    public void Of_two_names_for_one_text_the_one_that_was_refused_is_told()
    {
        Send(Parse("a", "select 1"));
        Send(Parse("b", "select 1"));
        var names = new StatementNames(_book, _client, _link);
        names.Rewrite(Parse("b", "select 2"));

        Assert.Equal("\"b\" is there", names.ByClientsName(WireText.Of("\"broker_1\" is there"))?.ToString());
    }

    [Fact]
    public void Of_what_is_wrong_in_several_series_each_error_tells_its_own_name()
    {
        Send(Parse("a", "select 1"));
        Send(Parse("b", "select 1"));
        Send(Parse("c", "select 3"));
        _book.BecomeStale(new(2));
        var names = new StatementNames(_book, _client, _link);
        foreach (var wrong in (IFrontendMessage[])[Bind(""), Bind("broker_8"), Bind("c"), Parse("a", "select 4"), Parse("b", "select 4"), Bind("broker_9")])
        {
            names.Rewrite(wrong);
            names.Rewrite(Sync.Instance);
        }

        Assert.Equal("unnamed prepared statement does not exist", Told("prepared statement \"broker_0\" does not exist"));
        Assert.Equal("\"broker_8\" is not", Told("\"broker_0\" is not"));
        Assert.True(names.IsOfStale(WireText.Of("\"broker_0\" is not")));
        _client.Failed();
        Assert.Equal("\"a\" is there", Told("\"broker_1\" is there"));
        Assert.Equal("\"b\" is there", Told("\"broker_1\" is there"));
        Assert.Equal("\"broker_9\" is not", Told("\"broker_0\" is not"));

        string? Told(string said)
        {
            Assert.False(names.IsOfStale(WireText.Of(said)));
            var told = names.ByClientsName(WireText.Of(said));
            _client.Failed();
            return told?.ToString();
        }
    }

    [Fact]
    public void A_statement_whose_result_was_told_is_used_on_another_link_when_the_result_is_the_same_there()
    {
        Send(Parse("a", "select 1"));
        var link = new LinkStatements(_book, 2);
        var names = new StatementNames(_book, _client, link);

        Assert.Equal("(Parse broker_1) (Describe broker_1) (Flush)", Words(names.Verify(Bind("a"))));
        Assert.True(names.MustWait(Bind("a")) && names.MustWait(Parse("c", "select 1")));
        Answer(link, One);

        Assert.Empty(names.Verify(Bind("a")));
        Assert.Equal("Bind broker_1", Send(_client, Bind("a"), link));
    }

    [Fact]
    public void A_statement_whose_result_is_another_than_was_told_is_refused_and_whoever_prepares_it_again_has_another()
    {
        Send(Parse("a", "select 1"));
        var link = new LinkStatements(_book, 2);
        var names = new StatementNames(_book, _client, link);
        names.Verify(Bind("a"));
        Answer(link, Two);

        Assert.Empty(names.Verify(Bind("a")));
        Assert.Equal("Bind broker_0", Word(names.Rewrite(Bind("a")).Single()));
        Assert.True(names.IsOfStale(WireText.Of("prepared statement \"broker_0\" does not exist")));
        _client.Failed();
        Assert.Equal("Parse broker_2", Send(_client, Parse("b", "select 1"), link));
        Send(Close("a"));
        Assert.Equal("Parse broker_2", Send(Parse("a", "select 1")));
    }

    [Fact]
    public void Who_prepares_a_text_whose_result_has_changed_gets_the_new_one_at_once()
    {
        Send(Parse("a", "select 1"));
        var (client, link) = (new ClientStatements(_book), new LinkStatements(_book, 2));
        var names = new StatementNames(_book, client, link);
        names.Verify(Parse("b", "select 1"));
        Answer(link, Two);

        Assert.Empty(names.Verify(Parse("b", "select 1")));
        Assert.Equal("Parse broker_2", Send(client, Parse("b", "select 1"), link));
        Assert.Equal("Bind broker_2", Send(client, Bind("b"), link));
    }

    [Fact]
    public void What_was_prepared_apart_is_shared_again_when_its_result_is_that_of_others_or_nobody_else_has_it()
    {
        Send(Parse("a", "select 1"));
        var client = new ClientStatements(_book);
        Assert.Equal("Parse broker_2", Send(client, static names => Apart(names).Rewrite(Parse("b", "select 1")), _link));
        Assert.Equal("Parse broker_3", Send(client, static names => Apart(names).Rewrite(Parse("c", "select 3")), new(_book, 2)));

        client.Join();
        Assert.Equal("Bind broker_1", Send(client, Bind("b")));
        Assert.Equal("Parse broker_3", Send(Parse("c", "select 3")).Split(") ")[^1]);
        client.End();
        _client.End();
        _link.Clear();
        Assert.Equal(1, _book.Count);
    }

    [Fact]
    public void What_was_prepared_apart_is_its_clients_alone_when_its_result_is_another()
    {
        Send(Parse("a", "select 1"));
        var (client, link) = (new ClientStatements(_book), new LinkStatements(_book, 2));
        var names = Apart(new(_book, client, link));
        names.Rewrite(Parse("b", "select 1"));
        client.Done();
        Answer(link, Two);

        client.Join();
        Assert.Equal("Bind broker_2", Send(client, Bind("b"), link));
        Assert.Equal("Bind broker_1", Send(Bind("a")));
    }

    [Fact]
    public void A_result_that_differs_for_one_client_alone_is_refused_to_it_and_looked_at_again()
    {
        Send(Parse("a", "select 1"));
        var link = new LinkStatements(_book, 2);
        var names = Apart(new(_book, _client, link));
        names.Verify(Bind("a"));
        Answer(link, Two);

        Assert.Empty(names.Verify(Bind("a")));
        Assert.Equal("Bind broker_0", Word(names.Rewrite(Bind("a")).Single()));
        Assert.Equal("Bind broker_1", Send(Bind("a")));
        Assert.Equal("(Close broker_1) (Parse broker_1) (Describe broker_1) (Flush)", Words(names.Verify(Bind("a"))));
        Answer(link, One);
        Assert.Equal("Bind broker_1", Send(_client, Bind("a"), link));
    }

    [Fact]
    public void A_plan_that_is_out_of_date_is_so_still_when_the_server_has_skipped_what_was_to_prepare_it_anew()
    {
        Send(Parse("a", "select 1"));
        _link.Doubt(new(1));
        new StatementNames(_book, _client, _link).Rewrite(Bind("a"));
        _link.Skipped();
        _link.Skipped();

        Assert.False(_link.Has(new(1)));
        Assert.Equal("(Close broker_1) (Parse broker_1) Bind broker_1", Send(Bind("a")));
    }

    private static StatementNames Apart(StatementNames names)
    {
        names.IsApart = true;
        return names;
    }

    private string Send(IFrontendMessage message) => Send(_client, message, _link);

    private string Send(ClientStatements client, IFrontendMessage message) => Send(client, message, _link);

    /// <summary>What goes to the server, all of it done at once, with a result of one column; what is hidden in brackets, but for questions for a result.</summary>
    private string Send(ClientStatements client, IFrontendMessage message, LinkStatements link) => Send(client, names => names.Rewrite(message), link);

    private string Send(ClientStatements client, Func<StatementNames, IReadOnlyList<Outgoing>> sent, LinkStatements link)
    {
        var all = sent(new(_book, client, link));
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
            if (one.Accounts.HasFlag(Accounts.Results))
            {
                link.Hear(One);
                link.Described(Fate.Done);
            }
        }
        return Words([.. all.Where(static one => one.Accounts is not Accounts.Results)]);
    }

    /// <summary>The server has done all that it was sent, and tells a result.</summary>
    private static void Answer(LinkStatements link, ResultShape result)
    {
        while (link.Unanswered > 0)
        {
            link.Done();
        }
        link.Hear(result);
        link.Described(Fate.Done);
    }

    private static ResultShape ResultOf(params string[] columns)
    {
        var writer = new WireWriter();
        new RowDescription([.. columns.Select(static column => new RowDescriptionField(WireText.Of(column), 0, 0, 23, 4, -1, 0))]).Write(writer);
        return ResultShape.Of(writer.Written[5..])!;
    }

    private static string Words(IReadOnlyList<Outgoing> all) => string.Join(" ", all.Select(static one => one.IsHidden ? $"({Word(one)})" : Word(one)));

    private static string Word(Outgoing one) => one.Message switch
    {
        null => $"here {one.Answer}",
        Parse parse => $"Parse {parse.Statement}",
        Bind bind => $"Bind {bind.Statement}",
        Close close => $"Close {close.Name}",
        Describe describe => $"Describe {describe.Name}",
        var other => other.GetType().Name,
    };

    private static Parse Parse(string name, string text, params uint[] types) => new(WireText.Of(name), WireText.Of(text), [.. types]);

    private static Bind Bind(string name) => new(WireText.Empty, WireText.Of(name), [], [], []);

    private static Close Close(string name) => new(TargetKind.Statement, WireText.Of(name));
}
