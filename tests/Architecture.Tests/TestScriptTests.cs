using System.Diagnostics;

namespace Broker.Architecture.Tests;

/// <summary>
/// What scripts/test.sh makes of what 'dotnet test' says of each project: its exit code is what continuous integration goes by. 'dotnet' is a word of
/// the shell here, for the real one would run this test again.
/// </summary>
public sealed class TestScriptTests
{
    private const string Green = "echo 'Passed!  - Failed:     0, Passed:     2, Skipped:     0, Total:     2, Duration: 1 s'";

    [Fact]
    public async Task A_run_in_which_all_passed_ends_with_0()
    {
        var run = await RunAsync(Green);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal($"{2 * Projects} passed, 0 failed", run.LastLine);
    }

    [Theory]
    [InlineData("echo 'Failed!  - Failed:     1, Passed:     1, Skipped:     0, Total:     2, Duration: 1 s'; return 1")]
    [InlineData("echo 'The active test run was aborted. Reason: Test host process crashed'; return 1")]
    [InlineData("echo 'nothing that counts'")]
    [InlineData("echo 'Passed!  - Failed:     0, Passed:     1, Skipped:     0, Total:     1, Duration: 1 s'; return 1")]
    public async Task One_project_that_failed_or_crashed_or_said_nothing_or_crashed_at_its_end_fails_the_run(string said)
    {
        foreach (var project in new[] { "Broker.Tests.csproj", "Ado.Tests.csproj" })  // of either lane
        {
            var run = await RunAsync($"case $2 in *{project}) {said};; *) {Green};; esac");

            Assert.Equal(1, run.ExitCode);
            Assert.EndsWith(" passed, 1 failed", run.LastLine, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_build_that_fails_fails_the_run()
    {
        var run = await RunAsync("[ $1 != build ]");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("0 passed, 1 failed", run.LastLine);
    }

    private static int Projects =>
        File.ReadLines(Path.Combine(House.Root, "Broker.sln")).Count(line => line.Contains("\"tests", StringComparison.Ordinal) && line.Contains(".csproj", StringComparison.Ordinal));

    private static async Task<(int ExitCode, string LastLine)> RunAsync(string dotnet)
    {
        var program = $$"""
            set -euo pipefail
            root=$1
            source "$root/scripts/setup.sh"
            source "$root/scripts/test.sh"
            dotnet() { {{dotnet}}; }
            run_tests
            """;
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-c", program, "bash", House.Root]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complaints = bash.StandardError.ReadToEndAsync();
        var said = await bash.StandardOutput.ReadToEndAsync();
        await complaints;
        await bash.WaitForExitAsync();
        return (bash.ExitCode, said.TrimEnd('\n').Split('\n')[^1]);
    }
}
