namespace Broker.Architecture.Tests;

/// <summary>Actors share nothing, so nothing is locked and nobody waits on a thread.</summary>
public sealed class LockTests
{
    private static readonly string[] Banned =
    [
        "System.Threading.Lock",
        "System.Threading.ManualResetEventSlim",
        "System.Threading.Monitor",
        "System.Threading.Mutex",
        "System.Threading.ReaderWriterLockSlim",
        "System.Threading.Semaphore",
        "System.Threading.SemaphoreSlim",
        "System.Threading.SpinLock",
    ];

    [Theory]
    [MemberData(nameof(House.Projects), MemberType = typeof(House))]
    public void The_product_uses_no_lock(string project) => Assert.Empty(LocksIn(House.Assemblies[project]));

    [Fact]
    public void A_lock_statement_and_every_banned_type_are_found_where_they_are() =>
        Assert.Equal(Banned, LocksIn(typeof(Offenders).Assembly));

    private static IEnumerable<string> LocksIn(System.Reflection.Assembly assembly) =>
        References.TypesUsedBy(assembly).Intersect(Banned).Order(StringComparer.Ordinal);

    /// <summary>This assembly breaks the rule on purpose.</summary>
    private static class Offenders
    {
        private static readonly object Plain = new();

        public static void LockStatement()
        {
            lock (Plain)
            {
                GC.KeepAlive(typeof(Lock));
            }
        }

        public static Type[] Others =>
        [
            typeof(ManualResetEventSlim), typeof(Mutex), typeof(ReaderWriterLockSlim), typeof(Semaphore), typeof(SemaphoreSlim),
            typeof(SpinLock),
        ];
    }
}
