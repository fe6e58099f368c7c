using Broker.Statements;
using Xunit;

namespace Broker.Tests.Statements;

public sealed class RefusedTextsTests
{
    [Theory]
    [InlineData("begin", ClassReason.TransactionControl)]
    [InlineData("START TRANSACTION READ ONLY", ClassReason.TransactionControl)]
    [InlineData("commit", ClassReason.TransactionControl)]
    [InlineData("end", ClassReason.TransactionControl)]
    [InlineData("abort", ClassReason.TransactionControl)]
    [InlineData("rollback to savepoint a", ClassReason.TransactionControl)]
    [InlineData("savepoint a", ClassReason.TransactionControl)]
    [InlineData("release a", ClassReason.TransactionControl)]
    [InlineData("set search_path = x", ClassReason.SessionSetting)]
    [InlineData("/* c */ SET LOCAL a.b = 'c'", ClassReason.SessionSetting)]
    [InlineData("reset all", ClassReason.SessionSetting)]
    [InlineData("listen a", ClassReason.Listening)]
    [InlineData("unlisten *", ClassReason.Listening)]
    [InlineData("prepare a as select 1", ClassReason.PreparedStatement)]
    [InlineData("prepare transaction 'a'", ClassReason.PreparedStatement)]
    [InlineData("execute a", ClassReason.PreparedStatement)]
    [InlineData("deallocate all", ClassReason.PreparedStatement)]
    [InlineData("declare c cursor with hold for select 1", ClassReason.Cursor)]
    [InlineData("fetch c", ClassReason.Cursor)]
    [InlineData("copy t from stdin", ClassReason.CopyNeedsStream)]
    [InlineData("discard all", ClassReason.SessionState)]
    [InlineData("load 'x'", ClassReason.SessionState)]
    [InlineData("select 1; begin", ClassReason.ManyStatements)]
    [InlineData("select 1\0; begin", ClassReason.NulCharacter)]
    public void Texts_that_mean_something_only_on_their_session_are_refused_without_asking(string sql, object reason)
    {
        var decided = Assert.IsType<Classification.Decided>(
            StatementClassifier.Classify(StatementShape.Of(sql), CatalogueSnapshot.Empty, PackingTrust.None));

        Assert.Equal((Travel.Refused, (ClassReason)reason), (decided.Class.Travel, decided.Class.Reason));
        Assert.NotEmpty(decided.Class.Words);
    }
}
