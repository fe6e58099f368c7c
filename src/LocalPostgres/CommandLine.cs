using System.Diagnostics;

namespace Broker.Postgres;

/// <summary>Runs short programs to their end.</summary>
internal static class CommandLine
{
    /// <summary>The exit code, and what was written to both outputs.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ProcessStartInfo command, CancellationToken cancellation)
    {
        command.UseShellExecute = false;
        command.RedirectStandardOutput = true;
        command.RedirectStandardError = true;
        using var process = Process.Start(command)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, await output + await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Runs a program that has to succeed.</summary>
    /// <exception cref="LocalPostgresException">It ended with another code than 0.</exception>
    public static async Task RequireAsync(ProcessStartInfo command, CancellationToken cancellation)
    {
        var (exitCode, output) = await RunAsync(command, cancellation);
        if (exitCode != 0)
        {
            throw new LocalPostgresException(
                $"{command.FileName} {string.Join(' ', command.ArgumentList)} ended with {exitCode}: {output.Trim()}");
        }
    }
}
