using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class CopyShapeTests
{
    [Theory]
    [InlineData("copy t from stdin", true, true, false)]
    [InlineData("COPY t TO STDOUT", false, true, false)]
    [InlineData("copy t to stdin", false, true, false)]
    [InlineData("copy a.\"from\".t (x, \"to\") from stdin", true, true, false)]
    [InlineData("copy (select 'to' from (select 1) x) to stdout", false, true, false)]
    [InlineData("/* to */ copy t -- from\n to stdout", false, true, false)]
    [InlineData("copy t from '/tmp/x'", true, false, false)]
    [InlineData("copy t to program 'cat > x' (format binary)", false, false, true)]
    [InlineData("copy binary t from stdin", true, true, true)]
    [InlineData("copy \"binary\" from stdin", true, true, false)]
    [InlineData("copy t from stdin binary", true, true, true)]
    [InlineData("copy t from stdin with binary", true, true, true)]
    [InlineData("copy t to stdout (format binary)", false, true, true)]
    [InlineData("copy t to stdout with (FORMAT BINARY)", false, true, true)]
    [InlineData("copy t to stdout (freeze, \"format\" 'binary')", false, true, true)]
    [InlineData("copy t to stdout (format csv, null 'binary')", false, true, false)]
    [InlineData("copy t to stdout (format text)", false, true, false)]
    [InlineData("copy t from stdin (format csv) where binary = 1", true, true, false)]
    public void The_text_says_what_is_moved_where(string sql, bool isIn, bool isClients, bool isBinary) =>
        Assert.Equal(new CopyShape(isIn, isClients, isBinary), CopyShape.Of(sql));

    [Theory]
    [InlineData("")]
    [InlineData("select 1")]
    [InlineData("copy")]
    [InlineData("copy t")]
    [InlineData("copy from stdin")]
    [InlineData("copy (select 1")]
    [InlineData("copy t u from stdin")]
    public void What_is_no_copy_has_no_shape(string sql) => Assert.Null(CopyShape.Of(sql));
}
