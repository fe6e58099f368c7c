using System.Collections.Immutable;
using System.Globalization;
using Broker.Client.Protocol;
using Broker.Client.Protocol.Failures;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Values;

namespace Broker.Gateway.Reports;

/// <summary>Says failures as PostgreSQL says errors (chapter "Error and Notice Message Fields").</summary>
internal static class ErrorReports
{
    /// <summary>An error that leaves the session as it is.</summary>
    internal static ErrorResponse Error(Failure failure) => Of(failure, "ERROR");

    /// <summary>The same where there is no failure of the broker's.</summary>
    internal static ErrorResponse Error(string sqlState, string message) => new(Fields("ERROR", sqlState, message).ToImmutable());

    /// <summary>The last word: the connection is closed behind it.</summary>
    internal static ErrorResponse Fatal(Failure failure) => Of(failure, "FATAL");

    /// <summary>The same where there is no failure of the broker's: the client broke the protocol, or may not come in.</summary>
    internal static ErrorResponse Fatal(string sqlState, string message) => new(Fields("FATAL", sqlState, message).ToImmutable());

    /// <summary>The last word where the server has ended the connection without one.</summary>
    /// <param name="pool">Whose connection it was.</param>
    /// <param name="underWay">
    /// Whether something was sent and not answered: it may be a COMMIT, so that it is not known whether it took effect.
    /// </param>
    internal static ErrorResponse Lost(PoolId pool, bool underWay) => underWay
        ? Fatal("08007",
            $"a connection of pool {pool} was lost: the server closed it while something was under way, and whether that "
                + "took effect is not known")
        : Fatal(new ConnectionLost(pool, "the server closed it; a transaction that was open is rolled back"));

    private static ErrorResponse Of(Failure failure, string severity)
    {
        var fields = Fields(severity, failure.SqlState, failure is StatementFailed { ServerMessage: var said } ? said : failure.Message);
        if (failure is StatementFailed failed)
        {
            Add(fields, 'D', failed.Detail);
            Add(fields, 'H', failed.Hint);
            Add(fields, 'P', failed.Position > 0 ? failed.Position.ToString(CultureInfo.InvariantCulture) : null);
            Add(fields, 's', failed.Schema);
            Add(fields, 't', failed.Table);
            Add(fields, 'c', failed.Column);
            Add(fields, 'n', failed.Constraint);
        }
        return new(fields.ToImmutable());
    }

    private static ImmutableArray<ReportField>.Builder Fields(string severity, string sqlState, string message)
    {
        var fields = ImmutableArray.CreateBuilder<ReportField>();
        Add(fields, 'S', severity);
        Add(fields, 'V', severity);
        Add(fields, 'C', sqlState);
        Add(fields, 'M', message);
        return fields;
    }

    private static void Add(ImmutableArray<ReportField>.Builder fields, char code, string? text)
    {
        if (text is not null)
        {
            // what a value of somebody's has brought into a message must not end the field
            fields.Add(new((byte)code, WireText.Of(text.Replace('\0', '\uFFFD'))));
        }
    }
}
