using Broker.Client.Parameters;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;
using FsCheck;
using FsCheck.Xunit;

namespace Broker.Client.Tests;

public sealed class SqlInterpolationTests
{
    private static Statement Of(SqlInterpolation sql) => sql.ToStatement();

    [Fact]
    public void Holes_are_numbered_from_one_in_order()
    {
        var statement = Of($"select {1}, {"two"}, {3.0}");
        Assert.Equal("select $1, $2, $3", statement.Text);
        Assert.Equal(3, statement.Parameters.Length);
    }

    [Property]
    public bool No_value_ever_becomes_part_of_the_text(NonNull<string> value)
    {
        var wanted = "select * from t where name = $1 and more";
        try
        {
            return Of($"select * from t where name = {value.Get} and more").Text == wanted;
        }
        catch (BrokerException refused)
        {
            return refused.Failure is ParameterRefused;
        }
    }

    [Fact]
    public void The_text_of_one_place_in_a_program_is_one_string()
    {
        static string Once(int id) => Of($"select the_same from place where id = {id}").Text;
        Assert.Same(Once(1), Once(2));
    }

    [Fact]
    public void Places_that_begin_alike_do_not_mix()
    {
        static string A(int x) => Of($"select a where {x} = {x} and one").Text;
        static string B(int x) => Of($"select a where {x} = {x} and two").Text;
        Assert.Equal("select a where $1 = $2 and one", A(1));
        Assert.Equal("select a where $1 = $2 and two", B(1));
        Assert.Equal("select a where $1 = $2 and one", A(1));
    }

    [Fact]
    public void A_parameter_never_runs_into_what_stands_beside_it()
    {
        Assert.Equal("limit $1 offset $2 0", Of($"limit{10} offset {1}0").Text);
        Assert.Equal("select $1 $2", Of($"select {1}{2}").Text);
        Assert.Equal("select ($1)::int", Of($"select ({1})::int").Text);
    }

    [Fact]
    public void Strings_put_together_from_several_interpolated_ones_are_one_statement() =>
        Assert.Equal("select a$b from t where a = $1 and b = $2", Of($"select a$b " + $"from t where a = {1}" + $" and b = {2}").Text);

    [Fact]
    public void Only_texts_of_the_compiler_are_remembered()
    {
        var made = InterpolatedText.Start.Literal(new string('x', 30));
        Assert.Equal(new string('x', 30), made.Text);
        var again = new string('x', 30);
        Assert.NotSame(InterpolatedText.Start.Literal(again), InterpolatedText.Start.Literal(again));
    }

    [Fact]
    public void A_default_interpolation_is_the_empty_statement() => Assert.Equal("", default(SqlInterpolation).ToStatement().Text);

    [Fact]
    public void COPY_takes_no_holes()
    {
        SqlInterpolation copy = $"copy (select * from t where a = {1}) to stdout";
        var thrown = Assert.Throws<BrokerException>(() => copy.ToStatementWithoutParameters());
        Assert.IsType<ParameterRefused>(thrown.Failure);
    }
}
