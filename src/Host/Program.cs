using Broker.Host.Demo;
using Broker.Host.Serving;

const string Usage = """
    brokerd demo                    runs the embedded broker against a private PostgreSQL, live, and checks the truth of it at the end
    brokerd serve [--config FILE]   serves clients of PostgreSQL until a signal ends it; without a file, a PostgreSQL of its own
    """;

switch (args)
{
    case ["demo"]: return await DemoRun.RunAsync();
    // What the demo starts beside itself; its password comes by the standard input.
    case [DemoGuest.Word, .. var words]: return await DemoGuest.RunAsync(words);
    case ["serve"]: return await ServeRun.RunAsync(file: null);
    case ["serve", "--config", var file]: return await ServeRun.RunAsync(file);
    default:
        await Console.Error.WriteLineAsync(Usage);
        return 2;
}
