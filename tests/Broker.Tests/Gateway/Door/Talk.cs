using System.Text;
using Broker.PgWire.Messages;
using Broker.PgWire.Messages.Backend;
using Broker.PgWire.Messages.Frontend;
using Broker.PgWire.Values;
using Broker.Tests.Gateway.Wire;

namespace Broker.Tests.Gateway.Door;

/// <summary>What a test says to a gateway in simple queries, and what of the answer matters to it.</summary>
internal static class Talk
{
    internal static Query Text(string sql) => new(WireText.Of(sql));

    /// <summary>Sends one query.</summary>
    /// <returns>
    /// The first tag or state of an error in its answer, empty when there is none; and where the client stands behind it.
    /// </returns>
    internal static async Task<(string Answer, TransactionStatus Status)> SayAsync(RawConnection client, string sql)
    {
        await client.SendAsync(Text(sql));
        var all = await client.ReceiveToReadyAsync();
        var answer = all.Select(static message => message switch
        {
            CommandComplete complete => complete.Tag.ToString(),
            ErrorResponse error => error.SqlState,
            _ => null,
        }).FirstOrDefault(static one => one is not null) ?? "";
        return (answer, ((ReadyForQuery)all[^1]).Status);
    }

    /// <summary>Sends one query, and returns the first value of its first row.</summary>
    internal static async Task<string?> AskAsync(RawConnection client, string sql)
    {
        await client.SendAsync(Text(sql));
        return ValueIn(await client.ReceiveToReadyAsync());
    }

    internal static string? StateIn(List<IBackendMessage> answers) => answers.OfType<ErrorResponse>().FirstOrDefault()?.SqlState;

    internal static string? ValueIn(List<IBackendMessage> answers) =>
        answers.OfType<DataRow>().FirstOrDefault()?.Values[0] is { } value ? Encoding.UTF8.GetString(value.Span) : null;
}
