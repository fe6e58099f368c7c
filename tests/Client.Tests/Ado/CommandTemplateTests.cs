using Broker.Client.Ado;
using Broker.Client.Ado.Writing;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Tests.Ado;

public sealed class CommandTemplateTests
{
    private static BrokerParameterCollection Named(params string[] names)
    {
        var parameters = new BrokerParameterCollection();
        for (var i = 0; i < names.Length; i++)
            parameters.AddWithValue(names[i], i + 1);
        return parameters;
    }

    private static string[] Texts(string text, BrokerParameterCollection? parameters = null) =>
        [.. CommandTemplate.Of(text).Statements.Select(one => one.Bind(parameters ?? []).Text)];

    private static Statement Only(string text, BrokerParameterCollection parameters) =>
        Assert.Single(CommandTemplate.Of(text).Statements).Bind(parameters);

    private static object[] Values(Statement statement) =>
        [.. statement.Parameters.Select(parameter => (object)((Parameter<int>)parameter).Value)];

    [Theory]
    [InlineData("select @a, @b", "select $1, $2")]
    [InlineData("select :a, :b", "select $1, $2")]
    [InlineData("select @b, @a, @b", "select $1, $2, $1")]
    [InlineData("select @A", "select $1")]
    [InlineData("where x=@a", "where x=$1")]
    [InlineData("where x=@a::int and y = :b::text", "where x=$1::int and y = $2::text")]
    [InlineData("limit@a", "limit $1")]
    [InlineData("where t @> @a", "where t @> $1")]
    [InlineData("where t @@ @a", "where t @@ $1")]
    [InlineData("(@a)", "($1)")]
    [InlineData("1:@a", "1:$1")]
    public void A_name_becomes_a_number(string text, string expected) => Assert.Equal(expected, Only(text, Named("a", "b")).Text);

    [Theory]
    [InlineData("select '@a'")]
    [InlineData("select 'it''s @a'")]
    [InlineData("""select E'\'@a'""")]
    [InlineData("""select e'\\\'@a' """)]
    [InlineData("select U&'@a'")]
    [InlineData("select 'x'\n'@a'")]
    [InlineData("select $$@a$$")]
    [InlineData("select $x$ @a $$ $y$ $x$")]
    [InlineData("select \"@a\"")]
    [InlineData("select \"q\"\"@a\"")]
    [InlineData("select 1 -- @a ; @b")]
    [InlineData("select 1 /* @a /* ; */ @b */")]
    [InlineData("select x::a")]
    [InlineData("select x@@a")]
    [InlineData("select f(x := a)")]
    [InlineData("select x[1:2], x[:c]")]
    [InlineData("select @nobody, :nobody")]
    [InlineData("select '@a")]
    [InlineData("select x$1, $1")]
    public void What_is_no_name_of_a_parameter_stays(string text)
    {
        var statement = Only(text, Named("a", "b"));
        Assert.Equal(text, statement.Text);
        Assert.Empty(statement.Parameters);
    }

    [Fact]
    public void Values_are_in_the_order_of_their_numbers_and_those_that_the_text_does_not_use_are_not_sent() =>
        Assert.Equal([3, 1], Values(Only("select @c, @a, @c", Named("a", "b", "c"))));

    [Fact]
    public void The_exact_name_comes_before_one_in_another_case() => Assert.Equal([2, 1], Values(Only("select @a, @A", Named("A", "a"))));

    [Fact]
    public void A_sign_in_front_of_a_name_is_no_part_of_it() => Assert.Equal([1, 2], Values(Only("select :a, @b", Named("@a", ":b"))));

    [Theory]
    [InlineData("select 1; select 2", "select 1", "select 2")]
    [InlineData("select 1;", "select 1")]
    [InlineData("select 1; ; ", "select 1", "")]
    [InlineData("select ';'; select $$;$$; select 1 -- ;", "select ';'", "select $$;$$", "select 1 -- ;")]
    [InlineData("create rule r as on insert to t do (select 1; select 2); select 3",
        "create rule r as on insert to t do (select 1; select 2)", "select 3")]
    [InlineData("create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
        "create function f() returns int begin atomic select case when true then 1 end; select 2; end", "select 3")]
    [InlineData("do $$ begin perform 1; end $$; select 1", "do $$ begin perform 1; end $$", "select 1")]
    [InlineData("", "")]
    public void A_text_is_cut_at_its_semicolons(string text, params string[] expected) => Assert.Equal(expected, Texts(text));

    [Fact]
    public void Each_statement_has_numbers_of_its_own() =>
        Assert.Equal(["select $1, $2", "select $1"], Texts("select @a, @b; select @b", Named("a", "b")));

    [Fact]
    public void Parameters_without_names_are_the_numbers_of_the_text_which_is_left_alone()
    {
        var parameters = new BrokerParameterCollection();
        parameters.AddWithValue(7);
        parameters.AddWithValue(8);
        var statement = CommandTemplate.Of("select $2, $1, '@a'; ").Whole().Bind(parameters);
        Assert.Equal("select $2, $1, '@a'", statement.Text);
        Assert.Equal([7, 8], Values(statement));
    }

    [Fact]
    public void A_null_of_no_type_is_a_word_of_the_text()
    {
        var named = Named("a", "b");
        named[0].Value = DBNull.Value;
        Assert.Equal("select NULL, $1, NULL", Only("select @a, @b, @a", named).Text);

        var positional = new BrokerParameterCollection();
        positional.AddWithValue(null);
        positional.AddWithValue(8);
        var statement = Only("select $2, $1, $3", positional);
        Assert.Equal("select $1, NULL, $3", statement.Text);
        Assert.Equal([8], Values(statement));
    }

    [Fact]
    public void A_type_that_no_value_has_is_a_cast_in_the_text()
    {
        var parameters = new BrokerParameterCollection { new BrokerParameter("a", System.Data.DbType.Xml) { Value = "<x/>" } };
        Assert.Equal("select ($1::xml)", Only("select @a", parameters).Text);
    }

    [Fact]
    public void Names_and_none_do_not_go_together()
    {
        var parameters = Named("a", "");
        Assert.Throws<NotSupportedException>(() => CommandTemplate.Of("select @a").Whole().Bind(parameters));
    }
}
