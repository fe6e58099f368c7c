using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Broker.Budgets;
using Broker.Configuration;
using Broker.Connections;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Statements;

namespace Broker.Gateway.Links;

/// <summary>
/// What a session is asked when it has begun, in one round trip: which process it is, what its host is, what it presumes. The answers come
/// in binary, which no setting of the session changes, and nothing of the questions is left behind.
/// </summary>
internal static class FirstQuestions
{
    private const int IdentityColumns = 7;
    private const int DefaultsColumns = 7;
    private const short Binary = 1;

    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    /// <summary>What is sent.</summary>
    internal static ImmutableArray<IFrontendMessage> Messages { get; } =
    [
        .. Question(BackendIdentity.Query),
        .. Question(CatalogueSql.PoolDefaults),
        new Close(TargetKind.Statement, WireText.Empty),
        Sync.Instance,
    ];

    /// <summary>The first row: the process and its host. Null when it is none of the kind.</summary>
    internal static (BackendIdentity Backend, SessionFacts Facts)? Identity(DataRow row, HostEndpoint host)
    {
        var fields = new Fields(row);
        var backend = new BackendIdentity(
            fields.Int(0), fields.Moment(1), fields.Moment(2), fields.Int(3), host.ToString(), fields.Int(4));
        var facts = new SessionFacts(InRecovery: fields.Bool(5), ReadOnly: fields.Bool(6));
        return fields.Fit(IdentityColumns) ? (backend, facts) : null;
    }

    /// <summary>The second row: what the session presumes. Null when it is none of the kind.</summary>
    internal static PoolDefaults? Defaults(DataRow row)
    {
        var fields = new Fields(row);
        var defaults = new PoolDefaults(
            fields.Text(0), fields.Text(1) == "on", fields.Text(2) == "on", fields.Text(3), fields.Text(4) == "on", fields.Bool(5),
            TimeSpan.FromMilliseconds(fields.Int(6)));
        return fields.Fit(DefaultsColumns) ? defaults : null;
    }

    private static ImmutableArray<IFrontendMessage> Question(string text) =>
    [
        new Parse(WireText.Empty, WireText.Of(text), []),
        new Bind(WireText.Empty, WireText.Empty, [], [], [Binary]),
        new Execute(WireText.Empty, 0),
    ];

    /// <summary>Reads values; what does not fit is noted, and read as nothing.</summary>
    private ref struct Fields(DataRow row)
    {
        private bool _misfit;

        internal readonly bool Fit(int columns) => !_misfit && row.Values.Length == columns;

        internal int Int(int column) =>
            Bytes(column, sizeof(int)) is { Length: sizeof(int) } bytes ? BinaryPrimitives.ReadInt32BigEndian(bytes) : 0;

        internal bool Bool(int column) => Bytes(column, sizeof(bool)) is [not 0];

        internal string Text(int column) => Encoding.UTF8.GetString(Bytes(column, null));

        // in microseconds; what a DateTime has no room for is no moment of a server's life
        internal DateTime Moment(int column)
        {
            var microseconds =
                Bytes(column, sizeof(long)) is { Length: sizeof(long) } bytes ? BinaryPrimitives.ReadInt64BigEndian(bytes) : 0;
            if (microseconds >= 0 && microseconds / TimeSpan.MicrosecondsPerDay < (DateTime.MaxValue - Epoch).Days)
            {
                return Epoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);
            }
            _misfit = true;
            return Epoch;
        }

        private ReadOnlySpan<byte> Bytes(int column, int? length)
        {
            if (column < row.Values.Length && row.Values[column] is { } value && (length ?? value.Length) == value.Length)
            {
                return value.Span;
            }
            _misfit = true;
            return [];
        }
    }
}
