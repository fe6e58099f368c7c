namespace Broker.Tests.Platforms;

/// <summary>
/// How long the expectations of a test kit wait that say nothing else: the kit's own 3 s are less than a busy machine may need to start a
/// system and bring one message.
/// </summary>
internal static class Patience
{
    internal const string Hocon = "akka.test.single-expect-default = 20s\n";
}
