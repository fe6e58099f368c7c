using System.Text;
using Broker.Gateway.Traces;
using Xunit;

namespace Broker.Tests.Gateway.Traces;

/// <summary>Which texts begin a transaction and nothing else.</summary>
public sealed class BeginTextTests
{
    [Theory]
    [InlineData("BEGIN")]
    [InlineData("begin;")]
    [InlineData("\n Begin  Work ; ")]
    [InlineData("begin transaction")]
    [InlineData("start transaction")]
    [InlineData("BEGIN READ ONLY")]
    [InlineData("BEGIN ISOLATION LEVEL REPEATABLE READ")]
    [InlineData("start transaction isolation level read committed, read only;")]
    [InlineData("begin isolation level repeatable read read only")]
    public void A_plain_beginning_is_one(string text) =>
        Assert.Equal(text.Contains("start", StringComparison.Ordinal) ? "START TRANSACTION" : "BEGIN",
            BeginText.TagOf(Encoding.UTF8.GetBytes(text)).ToString());

    [Theory]
    [InlineData("")]
    [InlineData(";")]
    [InlineData("start")]
    [InlineData("begin; select 1")]
    [InlineData("begin;;")]
    [InlineData("begin,")]
    [InlineData("begin, read only")]
    [InlineData("begin read only,")]
    [InlineData("begin read only, ;")]
    [InlineData("beginning")]
    [InlineData("begin/**/")]
    [InlineData("begin -- now")]
    [InlineData("begin\0")]
    [InlineData("begin work transaction")]
    [InlineData("start transaction work")]
    [InlineData("begin read write")]
    [InlineData("begin isolation level serializable")]
    [InlineData("begin isolation level read only")]
    [InlineData("begin deferrable")]
    [InlineData("begin isolation level")]
    [InlineData("commit")]
    public void What_does_more_or_may_be_refused_is_none(string text) => Assert.Null(BeginText.TagOf(Encoding.UTF8.GetBytes(text)));
}
