using Broker.Host.Demo;

const string Usage = """
    brokerd demo    runs the embedded broker against a private PostgreSQL, live, and checks the truth of it at the end
    """;

switch (args)
{
    case ["demo"]: return await DemoRun.RunAsync();
    case ["serve"]:
        await Console.Error.WriteLineAsync("brokerd serve: the server's doors are not built yet; this version is embedded by an application (README.md).");
        return 2;
    default:
        await Console.Error.WriteLineAsync(Usage);
        return 2;
}
