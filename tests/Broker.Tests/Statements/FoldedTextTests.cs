using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class FoldedTextTests
{
    [Fact]
    public void The_text_stands_whole_inside_and_its_parameters_are_columns_of_arrays() => Assert.Equal(
        "select broker_fold.broker_fold_n, broker_fold_rows.* from rows from (unnest((select $1)), unnest((select $2))) with ordinality "
        + "broker_fold(broker_fold_1, broker_fold_2, broker_fold_n) cross join lateral (select * from ("
        + "select a from t where b = (broker_fold.broker_fold_2) and c < (broker_fold.broker_fold_1)\n) broker_fold_text offset 0) broker_fold_rows",
        FoldedText.Of("select a from t where b = $2 and c < $1", 2));

    [Theory]
    [InlineData("select '$1', $1", "select '$1', (broker_fold.broker_fold_1)")]
    [InlineData("select $q$ $1 $q$, $1 -- $1", "select $q$ $1 $q$, (broker_fold.broker_fold_1) -- $1")]
    [InlineData("select \"$1\" from t where a = $1 /* $1; */;", "select \"$1\" from t where a = (broker_fold.broker_fold_1) /* $1; */")]
    [InlineData("select $1::int", "select (broker_fold.broker_fold_1)::int")]
    [InlineData("select $1 ; ", "select (broker_fold.broker_fold_1)  ")]
    public void Only_parameters_are_replaced_and_only_the_last_semicolon_goes(string text, string inside) =>
        Assert.Contains($"(select * from ({inside}\n)", FoldedText.Of(text, 1), StringComparison.Ordinal);

    [Theory]
    [InlineData("select 1", 0)]
    [InlineData("select BROKER_FOLD_1 from t where a = $1", 1)]
    [InlineData("select broker_fold from t where a = $1", 1)]
    public void A_text_without_parameters_or_with_our_names_is_not_folded(string text, int parameters) =>
        Assert.Null(FoldedText.Of(text, parameters));
}
