using Broker.Client;
using Broker.Client.Remote;
using Broker.Client.Sessions;

namespace Broker.Host.Demo;

/// <summary>One conversation of two processes: this one, with the broker in it, and a guest that comes in through the door.</summary>
internal static class DemoSharing
{
    private const int Lines = 100;
    private const string Host = "host";
    private const string Guest = "guest";

    /// <summary>Opens it, has both write in it at the same time, and commits once.</summary>
    internal static async Task<DemoShared> RunAsync(BrokerClient broker, string database, string address, RemoteOptions options)
    {
        await using var session = new SessionFactory(broker, database).Open();
        await WriteAsync(session, 1);
        using var guest = await DemoGuest.StartAsync(address, options, database, session.Id, Guest, Lines);
        try
        {
            if (await guest.StandardOutput.ReadLineAsync() != DemoGuest.Joined)
            {
                return new(guest.Id, Lines, 0, 0, 0, "The other process did not join.");
            }
            for (var number = 2; number <= Lines; number++)
            {
                await WriteAsync(session, number);
            }
            await guest.WaitForExitAsync();
            var before = await broker.QuerySingleAsync<long>(database, $"select count(*) from demo_lines");
            await session.CommitAsync();
            return new(guest.Id, Lines, before, await CountAsync(broker, database, Host), await CountAsync(broker, database, Guest), "");
        }
        catch (BrokerException refused)
        {
            return new(guest.Id, Lines, 0, 0, 0, refused.Message);
        }
    }

    private static async Task WriteAsync(Session session, int number) =>
        await session.ExecuteAsync($"insert into demo_lines (author, number) values ({Host}, {number})");

    private static ValueTask<long> CountAsync(BrokerClient broker, string database, string author) =>
        broker.QuerySingleAsync<long>(database, $"select count(*) from demo_lines where author = {author}");
}
