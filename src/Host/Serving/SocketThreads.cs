namespace Broker.Host.Serving;

/// <summary>
/// Has .NET run what follows on a read or write of a socket on the thread that was woken for it, instead of waking another for each. That
/// holds for all of a process, so it is for a program to choose and not for a library: in brokerd nothing that runs there blocks.
/// </summary>
internal static class SocketThreads
{
    /// <summary>What .NET asks for when the first socket is used: "1" or not.</summary>
    internal const string Variable = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>Chooses it, unless the environment says something. To be called ahead of the first socket.</summary>
    internal static void GoOnAtOnce()
    {
        if (Environment.GetEnvironmentVariable(Variable) is null)
        {
            Environment.SetEnvironmentVariable(Variable, "1");
        }
    }
}
