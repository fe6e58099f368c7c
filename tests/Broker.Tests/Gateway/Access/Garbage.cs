namespace Broker.Tests.Gateway.Access;

/// <summary>Texts by chance, of the letters that mean something to who reads them.</summary>
internal static class Garbage
{
    private const string Letters = "\"\",,;#  \t\0\r\n+@/:.0129af$%[]sallmd5\u00e9\ud83d";

    internal static string Text(Random random, int longest) =>
        new([.. Enumerable.Range(0, random.Next(longest)).Select(_ => Letters[random.Next(Letters.Length)])]);

    internal static IEnumerable<Random> Seeds(int count) => Enumerable.Range(0, count).Select(static seed => new Random(seed));
}
