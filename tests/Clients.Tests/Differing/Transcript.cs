using System.Globalization;
using System.Text;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Both;

namespace Broker.Clients.Tests.Differing;

/// <summary>
/// What the server said, a line for each message that matters, in a form that can be compared: process numbers, keys, the numbers of tables
/// made on the way and the places in the server's own sources are left out.
/// </summary>
internal static class Transcript
{
    private const string OfItsSources = "FLR";
    private const int LongestShown = 200;

    internal static string Of(IBackendMessage message) => message switch
    {
        RowDescription columns => $"RowDescription {string.Join(", ", columns.Fields.Select(Column))}",
        DataRow row => $"DataRow {string.Join(", ", row.Values.Select(Value))}",
        CommandComplete done => $"CommandComplete {done.Tag}",
        ReadyForQuery ready => $"ReadyForQuery {ready.Status}",
        ErrorResponse error => $"ErrorResponse {Report(error.Fields)}",
        NoticeResponse notice => $"NoticeResponse {Report(notice.Fields)}",
        ParameterStatus setting => $"ParameterStatus {setting.Name} = {setting.Value}",
        ParameterDescription parameters => $"ParameterDescription {string.Join(", ", parameters.Types)}",
        NotificationResponse notification => $"NotificationResponse {notification.Channel}: {notification.Payload}",
        FunctionCallResponse result => $"FunctionCallResponse {Value(result.Value)}",
        CopyData data => $"CopyData {Value(data.Data)}",
        CopyInResponse copy => $"CopyInResponse {copy.Format}: {string.Join(", ", copy.ColumnFormats)}",
        CopyOutResponse copy => $"CopyOutResponse {copy.Format}: {string.Join(", ", copy.ColumnFormats)}",
        _ => message.GetType().Name,
    };

    private static string Column(RowDescriptionField field) =>
        $"{field.Name} type {field.Type} size {field.TypeSize} modifier {field.TypeModifier} format {field.Format}"
        + (field.Table == 0 ? "" : $" of a table's column {field.Column}");

    private static string Report(IEnumerable<ReportField> fields) => string.Join(", ", fields
        .Where(field => !OfItsSources.Contains((char)field.Code, StringComparison.Ordinal))
        .Select(field => $"{(char)field.Code} {field.Value}"));

    private static string Value(ReadOnlyMemory<byte>? value) => value is not { } bytes ? "null"
        : bytes.Length > LongestShown ? $"{bytes.Length} bytes, sum {Sum(bytes.Span)}"
        : bytes.Span.IndexOfAnyInRange((byte)0, (byte)31) is var control && control < 0 ? $"'{Encoding.UTF8.GetString(bytes.Span)}'"
        : Convert.ToHexString(bytes.Span);

    private static string Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 17u;
        foreach (var one in bytes)
        {
            sum = (sum * 31) + one;
        }
        return sum.ToString(CultureInfo.InvariantCulture);
    }
}
