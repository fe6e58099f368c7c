using System.Collections.Immutable;
using Broker.Client.Entities;

namespace Broker.Client.Tests.Entities;

/// <summary>Tables as a catalogue would tell of them.</summary>
internal static class Tables
{
    internal static TableFacts Of(string name, params ReadOnlySpan<ColumnFacts> columns) =>
        new("public", name, [.. columns]) { PrimaryKey = [columns[0].Name] };

    internal static ColumnFacts Integer(string name, string? drawn = null) =>
        new(name, "integer", "integer") { NotNull = true, Default = drawn, CanDraw = true };

    internal static ColumnFacts Text(string name) => new(name, "text", "text");

    internal static TableFacts Pointing(this TableFacts table, params ReadOnlySpan<string> at) =>
        table with
            { ForeignKeys = [.. at.ToImmutableArray().Select(other => new ForeignKeyFacts("fk", ["x"], $"public.{other}", ["id"]))] };
}
