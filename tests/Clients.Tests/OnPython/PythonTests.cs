using System.Globalization;
using Broker.Clients.Tests.Reaching;
using Xunit;

namespace Broker.Clients.Tests.OnPython;

public sealed class PythonTests
{
    [PythonTheory("psycopg"), Through(Keeping.Statement)]
    public Task Psycopg_3_with_pipelines_copies_and_cancels_does_all_it_does_at_the_server(string name) =>
        RunAsync(name, "psycopg", least: 11);

    [PythonTheory("psycopg2"), Through(Keeping.Statement)]
    public Task Psycopg2_does_all_it_does_at_the_server(string name) => RunAsync(name, "psycopg2", least: 6);

    private static async Task RunAsync(string name, string module, int least)
    {
        var endpoint = await Endpoints.OpenAsync(name);
        var script = Path.Combine(AppContext.BaseDirectory, "OnPython", $"{module}_operations.py");

        var ran = await ClientProgram.RunAsync(endpoint, Python.With(module)!, [script, endpoint.Keeping.ToString().ToLowerInvariant()]);

        var lines = ran.Succeeded().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(int.Parse(lines[^1], CultureInfo.InvariantCulture) >= least, ran.Output);
    }
}
