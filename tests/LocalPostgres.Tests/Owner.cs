using System.Diagnostics;
using System.Globalization;

namespace Broker.Postgres.Tests;

/// <summary>A process of its own that owns a server until it is killed: this assembly, run as a program.</summary>
internal sealed class Owner : IDisposable
{
    private readonly Process _process;

    private Owner(Process process, int postmaster, string folder)
    {
        _process = process;
        Postmaster = postmaster;
        Folder = folder;
    }

    public int Postmaster { get; }

    public string Folder { get; }

    public static async Task<int> Main()
    {
        await using var pg = await LocalPostgres.StartAsync(LocalPostgresOptions.Throwaway);
        Console.WriteLine(PostmasterFile.Read(pg.DataDirectory)!.ProcessId);
        Console.WriteLine(pg.SocketDirectory);
        await Console.In.ReadLineAsync();
        return 0;
    }

    public static async Task<Owner> StartAsync()
    {
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["exec", typeof(Owner).Assembly.Location])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        if (await process.StandardOutput.ReadLineAsync() is not { } postmaster)
        {
            throw new InvalidOperationException($"The owner ended: {await process.StandardError.ReadToEndAsync()}");
        }

        return new Owner(
            process, int.Parse(postmaster, CultureInfo.InvariantCulture), (await process.StandardOutput.ReadLineAsync())!);
    }

    /// <summary>Ends the owner as `kill -9` does, so that it cleans nothing up.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
