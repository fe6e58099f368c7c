using System.Diagnostics;
using System.Globalization;
using Broker.Client;
using Broker.Client.Protocol;
using Broker.Client.Remote;
using Broker.Client.Sessions;

namespace Broker.Host.Demo;

/// <summary>
/// A process of its own that comes in through the door, joins a conversation that another process opened, writes its lines in it and
/// leaves. It commits nothing. It says <see cref="Joined"/> when it has joined, and ends with 0 when all is written.
/// </summary>
internal static class DemoGuest
{
    /// <summary>The word that brokerd is started with to be one.</summary>
    internal const string Word = "demo-guest";

    /// <summary>What it says when it has joined.</summary>
    internal const string Joined = "joined";

    private const int Words = 6;

    /// <summary>Starts one; its password goes by its standard input, where nobody else reads it.</summary>
    /// <param name="address">The broker's.</param>
    /// <param name="options">As whom.</param>
    /// <param name="database">The conversation's.</param>
    /// <param name="session">The conversation.</param>
    /// <param name="author">Under which name it writes.</param>
    /// <param name="lines">How many lines it writes.</param>
    internal static async Task<Process> StartAsync(string address, RemoteOptions options, string database, SessionId session,
        string author, int lines)
    {
        string[] words = [Word, address, options.User, database, $"{session}", author, lines.ToString(CultureInfo.InvariantCulture)];
        var program = Environment.ProcessPath!;
        var start = new ProcessStartInfo(program, IsRuntime(program) ? [typeof(DemoGuest).Assembly.Location, .. words] : words)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        var guest = Process.Start(start)!;
        await guest.StandardInput.WriteLineAsync(options.Password);
        await guest.StandardInput.FlushAsync();
        return guest;
    }

    /// <summary>Is one. 0 when all is written, 1 when it was refused, 2 when the words are not understood.</summary>
    internal static async Task<int> RunAsync(string[] words)
    {
        if (words.Length != Words
            || !Guid.TryParse(words[3], out var session)
            || !int.TryParse(words[5], CultureInfo.InvariantCulture, out var lines))
        {
            await Console.Error.WriteLineAsync(
                $"brokerd {Word} ADDRESS USER DATABASE CONVERSATION AUTHOR LINES, and the password on the standard input");
            return 2;
        }
        var options = new RemoteOptions { User = words[1], Password = await Console.In.ReadLineAsync() ?? "" };
        try
        {
            await using var broker = await BrokerClient.ConnectAsync(words[0], options);
            await WriteAsync(broker, words[2], new(session), words[4], lines);
            return 0;
        }
        catch (BrokerException refused)
        {
            await Console.Error.WriteLineAsync(refused.Message);
            return 1;
        }
    }

    private static async Task WriteAsync(BrokerClient broker, string database, SessionId id, string author, int lines)
    {
        await using var session = await new SessionFactory(broker, database).JoinAsync(id);
        Console.WriteLine(Joined);
        // One handle's commands run in the order in which they are asked for.
        await Task.WhenAll(Enumerable.Range(1, lines).Select(async number =>
            await session.ExecuteAsync($"insert into demo_lines (author, number) values ({author}, {number})")));
    }

    // Started as `dotnet brokerd.dll`, and not by its own name.
    private static bool IsRuntime(string program) => Path.GetFileNameWithoutExtension(program) == "dotnet";
}
