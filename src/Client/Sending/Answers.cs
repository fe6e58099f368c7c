using Broker.Client.Mapping;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Messages;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Sending;

/// <summary>What callers want of a completed errand. Each is one shared delegate, so that a statement allocates none.</summary>
internal static class Answers
{
    internal static readonly Func<object, long> Affected = static answer => ((ErrandCompleted)answer).Affected;

    internal static BrokerException Mismatch(string reason) => new(new ResultMismatch(reason));
}

/// <summary>Rows as values of <typeparamref name="T"/>.</summary>
internal static class Answers<T>
{
    internal static readonly Func<object, IReadOnlyList<T>> All = static answer => ReadAll(((ErrandCompleted)answer).Rows);

    internal static readonly Func<object, T> Single = static answer => ReadOne(((ErrandCompleted)answer).Rows, "exactly one row")!;

    internal static readonly Func<object, T?> SingleOrDefault = static answer =>
        ((ErrandCompleted)answer).Rows is { Count: > 0 } rows ? ReadOne(rows, "at most one row") : default;

    private static T[] ReadAll(RowSet rows)
    {
        if (rows.Count == 0)
            return [];
        var read = RowMapper<T>.For(rows);
        var values = new T[rows.Count];
        for (var row = 0; row < values.Length; row++)
            values[row] = read(rows, row);
        return values;
    }

    private static T ReadOne(RowSet rows, string wanted) =>
        rows.Count == 1
            ? RowMapper<T>.For(rows)(rows, 0)
            : throw Answers.Mismatch($"{wanted} was asked for, the statement answered {rows.Count}");
}
