using System.Data.Common;
using Xunit;

namespace Broker.Ado.Tests.Comparing;

/// <summary>Does the same with both providers.</summary>
internal static class Compare
{
    /// <summary>Both must do the same.</summary>
    internal static async Task SameAsync(Func<DbDataSource, Seen, Task> body)
    {
        var sides = await Sides.BothAsync();
        var (expected, ours) = (await SeenAsync(sides.Npgsql, body), await SeenAsync(sides.Broker, body));
        Assert.NotEmpty(expected);
        AssertSame(expected, ours);
    }

    /// <summary>Both must do the same with an open connection.</summary>
    internal static Task SameAsync(Func<DbConnection, Seen, Task> body) =>
        SameAsync((DbDataSource source, Seen seen) => WithConnectionAsync(source, seen, body));

    /// <summary>The same without waiting.</summary>
    internal static Task Same(Action<DbConnection, Seen> body) => SameAsync((DbConnection connection, Seen seen) =>
    {
        body(connection, seen);
        return Task.CompletedTask;
    });

    /// <summary>Ours does another thing, on purpose: what Npgsql does, and what ours does.</summary>
    internal static async Task DiffersAsync(Func<DbConnection, Seen, Task> body, string[] npgsql, string[] ours)
    {
        var sides = await Sides.BothAsync();
        Assert.NotEqual(npgsql, ours);
        AssertSame(npgsql, await SeenAsync(sides.Npgsql, (source, seen) => WithConnectionAsync(source, seen, body)));
        AssertSame(ours, await SeenAsync(sides.Broker, (source, seen) => WithConnectionAsync(source, seen, body)));
    }

    private static void AssertSame(IReadOnlyList<string> expected, IReadOnlyList<string> actual)
    {
        var lines = Enumerable.Range(0, Math.Max(expected.Count, actual.Count))
            .Select(i => (Expected: expected.ElementAtOrDefault(i), Actual: actual.ElementAtOrDefault(i)))
            .Where(line => line.Expected != line.Actual);
        Assert.True(expected.SequenceEqual(actual),
            string.Join('\n', lines.Select(line => $"expected {line.Expected}\n  actual {line.Actual}")));
    }

    private static async Task WithConnectionAsync(DbDataSource source, Seen seen, Func<DbConnection, Seen, Task> body)
    {
        await using var connection = await source.OpenConnectionAsync();
        await body(connection, seen);
    }

    private static async Task<IReadOnlyList<string>> SeenAsync(DbDataSource source, Func<DbDataSource, Seen, Task> body)
    {
        var seen = new Seen();
        await body(source, seen);
        return seen.Lines;
    }
}
