using Broker.Host.Demo;
using Broker.Host.Serving;

const string Usage = """
    brokerd demo                    runs the embedded broker against a private PostgreSQL, live, and checks the truth of it at the end
    brokerd serve [--config FILE]   serves clients of PostgreSQL until a signal ends it; without a file, a private PostgreSQL on this machine
    """;

switch (args)
{
    case ["demo"]: return await DemoRun.RunAsync();
    case ["serve"]: return await ServeRun.RunAsync(file: null);
    case ["serve", "--config", var file]: return await ServeRun.RunAsync(file);
    default:
        await Console.Error.WriteLineAsync(Usage);
        return 2;
}
