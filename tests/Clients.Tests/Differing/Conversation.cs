using Broker.Clients.Tests.Reaching;
using Broker.PgWire.Logins;
using Broker.PgWire.Messages.Backend;
using Broker.Tests.Gateway.Wire;
using Xunit;

namespace Broker.Clients.Tests.Differing;

/// <summary>A script, spoken at an endpoint on a connection of its own.</summary>
internal static class Conversation
{
    /// <summary>In the line of a step that was not answered.</summary>
    internal const string InsteadOf = " instead of ";

    /// <summary>All that was heard, a line each; what a step heard begins with its number.</summary>
    /// <param name="endpoint">Where.</param>
    /// <param name="script">What is said.</param>
    /// <param name="others">Others that do something there before each step; null for none.</param>
    internal static async Task<IReadOnlyList<string>> HoldAsync(Endpoint endpoint, Script script, Others? others = null)
    {
        using var connection = await RawConnection.ConnectAsync(endpoint.Port);
        Assert.Null((await connection.LoginAsync(endpoint.User, Credential.None, database: endpoint.Database)).Failed);
        var heard = new List<string>();
        foreach (var (number, step) in script.Steps.Index())
        {
            heard.Add($"-- step {number + 1}");
            await (others?.MoveAsync(number) ?? Task.CompletedTask);
            var speaking = connection.SendAsync([.. step.Said]);
            try
            {
                await HearAsync(connection, step, heard);
            }
            catch (Exception silence) when (silence is TimeoutException or EndOfStreamException)
            {
                heard.Add($"-- {silence.GetType().Name}{InsteadOf}{step.Awaited.Name}");
                return heard;
            }
            await speaking;
        }
        return heard;
    }

    /// <summary>What is reported at the login.</summary>
    internal static async Task<IReadOnlyList<string>> GreetAsync(Endpoint endpoint)
    {
        using var connection = await RawConnection.ConnectAsync(endpoint.Port);
        var (login, failed) = await connection.LoginAsync(endpoint.User, Credential.None, database: endpoint.Database);
        Assert.Null(failed);
        return [.. login.Settings.Select(setting => $"{setting.Key} = {setting.Value}").Order(StringComparer.Ordinal)];
    }

    private static async Task HearAsync(RawConnection connection, Step step, List<string> heard)
    {
        for (var left = step.Times; left > 0;)
        {
            var message = await connection.ReceiveAsync();
            heard.Add(Transcript.Of(message));
            if (message.GetType() == step.Awaited)
            {
                left--;
            }
            else if (message is ErrorResponse && step.Awaited != typeof(ReadyForQuery))
            {
                return; // what is awaited will not come; the next step meets what follows
            }
        }
    }
}
