namespace Broker.Host.Demo;

/// <summary>What became of a conversation that two processes wrote in.</summary>
/// <param name="Guest">The other process.</param>
/// <param name="Lines">How many lines each was to write.</param>
/// <param name="SeenBefore">Lines that others saw before the commit.</param>
/// <param name="OfHost">Lines of this process behind it.</param>
/// <param name="OfGuest">Lines of the other.</param>
/// <param name="Problem">What went wrong on the way; empty when nothing did.</param>
internal sealed record DemoShared(int Guest, int Lines, long SeenBefore, long OfHost, long OfGuest, string Problem)
{
    /// <summary>Whether it is as it should be.</summary>
    internal bool IsRight => Problem.Length == 0 && SeenBefore == 0 && OfHost == Lines && OfGuest == Lines;
}
