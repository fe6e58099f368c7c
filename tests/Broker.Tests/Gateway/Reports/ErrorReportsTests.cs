using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.Gateway.Reports;
using Broker.PgWire.Messages;
using Xunit;

namespace Broker.Tests.Gateway.Reports;

public sealed class ErrorReportsTests
{
    [Fact]
    public void A_failure_of_ours_is_said_with_its_SQLSTATE_and_its_text()
    {
        var failure = new BrokerStopping("the broker");
        var report = ErrorReports.Fatal(failure);

        Assert.Equal(("FATAL", "FATAL", failure.SqlState, failure.Message),
            (report['S'].ToString(), report['V'].ToString(), report.SqlState, report.Text));
    }

    [Fact]
    public void What_the_server_said_is_said_in_its_own_fields()
    {
        var report = ErrorReports.Error(new StatementFailed("23505", "duplicate key")
        {
            Detail = "Key (id)=(1) already exists.", Hint = "Try another.", Position = 8, Schema = "public", Table = "t", Column = "id",
            Constraint = "t_pkey",
        });

        Assert.Equal("ERROR ERROR 23505 duplicate key", $"{report['S']} {report['V']} {report.SqlState} {report.Text}");
        Assert.Equal("Key (id)=(1) already exists. Try another. 8", $"{report['D']} {report['H']} {report['P']}");
        Assert.Equal("public t id t_pkey", $"{report['s']} {report['t']} {report['c']} {report['n']}");
    }

    [Fact]
    public void A_zero_character_in_a_text_does_not_end_it()
    {
        var bytes = new PgWire.Values.WireWriter();
        ErrorReports.Error(new ConnectionLost(new PoolId("a", "b"), "said \0 this")).Write(bytes);

        Assert.NotNull(BackendMessages.Read(bytes.Written.Span[0], bytes.Written[5..], out _));
    }

    [Fact]
    public void One_who_broke_the_protocol_is_told_so() =>
        Assert.Equal("08P01 no", $"{ErrorReports.Fatal("08P01", "no").SqlState} {ErrorReports.Fatal("08P01", "no").Text}");
}
