using System.Diagnostics;
using System.Runtime.CompilerServices;
using Broker.Client.Remote.Transport;

namespace Broker.Client.Tests.Remote.Transport;

public sealed class CertificateScriptTests : Wires
{
    private readonly string _folder = Directory.CreateTempSubdirectory("certificates").FullName;

    public override Task InitializeAsync() => Task.CompletedTask;

    [Fact]
    public async Task What_the_script_makes_is_for_its_owner_alone_and_both_sides_can_use_it()
    {
        var thumbprints = (await Script(_folder, "a-client")).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(static line => line.Split(' ')[0]).ToArray();
        var server = Path.Combine(_folder, "server.pem");
        var client = Path.Combine(_folder, "a-client.pem");
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(server).UnixFileMode);
        Assert.Equal([TlsEnd.Thumbprint(TlsFiles.Certificate(server)), TlsEnd.Thumbprint(TlsFiles.Certificate(client))], thumbprints);

        Open(new(new(System.Net.IPAddress.Loopback, 0), TlsEnd.Pinned(TlsFiles.Pem(server), thumbprints[1]), SaidSerializer.Format, "/user/door"));
        var (_, door, caller) = Connect(TlsEnd.Pinned(TlsFiles.Pem(client), thumbprints[0]));
        door.Tell(new Said("by files"), caller.Ref);
        Assert.Equal("by files", await caller.Next());

        var again = await Script(_folder, "a-client", "another");
        Assert.StartsWith(string.Join("", thumbprints.Take(1)), again, StringComparison.Ordinal);
        Assert.Equal(3, again.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    private static async Task<string> Script(params string[] arguments)
    {
        using var script = Process.Start(new ProcessStartInfo(Path.Combine(Root(), "scripts", "certificates.sh"), arguments) { RedirectStandardOutput = true })!;
        var said = await script.StandardOutput.ReadToEndAsync();
        await script.WaitForExitAsync();
        Assert.Equal(0, script.ExitCode);
        return said;
    }

    private static string Root([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(here, "../../../../.."));
}
