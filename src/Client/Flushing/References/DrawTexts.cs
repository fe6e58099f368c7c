using System.Collections.Immutable;
using Broker.Client.Entities;
using Broker.Client.Protocol.Failures;
using Broker.Client.Protocol.Values;

namespace Broker.Client.Flushing.References;

/// <summary>How keys are drawn: by the expressions of the columns' defaults.</summary>
internal static class DrawTexts
{
    /// <summary>The columns of the key that the server gives.</summary>
    internal static ImmutableArray<EntityColumn> Columns(EntityMap map) => [.. map.Key.Where(column => column.HasDefault)];

    internal static KeyDraw Make(EntityMap map, ImmutableArray<EntityChange> changes)
    {
        var columns = Columns(map);
        if (columns.IsEmpty || !columns.All(InsertTexts.CanBeDrawn))
            throw new BrokerException(new EntityRefused(map.Name, null,
                "others refer to it, and its key cannot be drawn beforehand "
                    + "(no default, or no right to its sequence); set the key yourself"));
        var text = (string)map.Texts.GetOrAdd(new(FlushTextKind.Draw, default, default), static (_, columns) => TextFor(columns), columns);
        return new(map, new(text, [new Parameter<long>(changes.Length)]), changes);
    }

    private static string TextFor(IEnumerable<EntityColumn> columns)
    {
        var drawn = columns
            .Select(column => $"({column.Facts.Default})::{column.Facts.TypeName}{SelectTexts.ReadCast(column)} AS r{column.Index}");
        return $"SELECT {string.Join(", ", drawn)} FROM generate_series(1, $1::bigint)";
    }
}
