using System.Collections.Immutable;
using Broker.PgWire.Values;

namespace Broker.PgWire.Messages.Backend;

/// <summary>Something was refused; in the extended protocol the server then skips to the next Sync.</summary>
/// <param name="Fields">In the order of the server, unknown ones included.</param>
public sealed record ErrorResponse(ImmutableArray<ReportField> Fields) : IBackendMessage, IReadable<ErrorResponse>
{
    /// <summary>
    /// Whether the session ends with it (FATAL), or all of the server's sessions (PANIC). By the field that is not translated, from
    /// PostgreSQL 9.6 on.
    /// </summary>
    public bool EndsSession => this['V'].Is("FATAL"u8) || this['V'].Is("PANIC"u8);

    /// <inheritdoc/>
    public void Write(WireWriter writer)
    {
        writer.Begin((byte)BackendType.ErrorResponse);
        ReportField.WriteAll(writer, Fields);
        writer.End();
    }

    static ErrorResponse IReadable<ErrorResponse>.Read(ref WireReader body) => new(ReportField.ReadAll(ref body));

    /// <summary>The first field of a code; empty when there is none.</summary>
    public WireText this[char code] => Fields.FirstOrDefault(field => field.Code == (byte)code).Value;

    /// <summary>The SQLSTATE (field C).</summary>
    public string SqlState => this['C'].ToString();

    /// <summary>The message (field M).</summary>
    public string Text => this['M'].ToString();
}
