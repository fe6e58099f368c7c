using System.Diagnostics;
using Broker.Postgres;
using Xunit;

namespace Broker.Clients.Tests.Reaching;

/// <summary>A program that is a client of PostgreSQL, run to its end.</summary>
/// <param name="ExitCode">How it ended.</param>
/// <param name="Output">What it said.</param>
/// <param name="Errors">What it said of mistakes.</param>
internal sealed record ClientProgram(int ExitCode, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(180);

    /// <summary>A program of PostgreSQL: beside the server's, or on the path.</summary>
    internal static string Find(string name) =>
        PostgresBinaries.Find().Program(name) is var beside && File.Exists(beside) ? beside : name;

    /// <summary>Runs it against an endpoint.</summary>
    internal static async Task<ClientProgram> RunAsync(Endpoint endpoint, string program, string[] words, string input = "")
    {
        using var process = Start(endpoint, program, words);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        return await EndAsync(process);
    }

    /// <summary>Starts it; whoever does sees to its end.</summary>
    internal static Process Start(Endpoint endpoint, string program, string[] words)
    {
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var (name, value) in endpoint.Environment)
        {
            start.Environment[name] = value;
        }
        return Process.Start(start)!;
    }

    /// <summary>Waits for its end; one that does not come to it is killed.</summary>
    internal static async Task<ClientProgram> EndAsync(Process process)
    {
        using var limit = new CancellationTokenSource(Limit);
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail($"{process.StartInfo.FileName} did not end within {Limit.TotalSeconds} s:\n{await output}\n{await errors}");
        }
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>What it said, when it was a success.</summary>
    internal string Succeeded()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Errors}");
        return Output;
    }
}
